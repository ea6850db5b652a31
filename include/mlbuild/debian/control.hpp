#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::debian {

/// One paragraph of "Name: value" fields (Debian policy 5.1, "Syntax of control files").
class Stanza {
 public:
  /// The value without surrounding white space, continuation lines as written (each after its newline); empty when
  /// absent. Names are compared without regard to case.
  std::string_view get(std::string_view name) const;
  const std::string& text() const { return text_; }  ///< all lines, each with its newline
  bool empty() const { return fields_.empty(); }

 private:
  friend class StanzaReader;
  struct Field {
    std::size_t name = 0, name_length = 0, value = 0, value_length = 0;  // offsets into text_
  };
  std::string text_;
  std::vector<Field> fields_;
};

/// Reads paragraphs one by one in bounded memory. Comment lines (`#`) are skipped. Throws Error{Foreign} for lines that
/// are neither field, continuation nor comment, for a field given twice, for more than 1,000 fields, for NUL bytes and
/// for paragraphs above kStanzaLimitBytes.
class StanzaReader {
 public:
  explicit StanzaReader(Source& text);
  bool next(Stanza& stanza);  ///< false at the end; `stanza` is overwritten

  static constexpr std::size_t kStanzaLimitBytes = std::size_t{1} << 20U;

 private:
  bool next_line(std::string_view& line);
  void take_line(Stanza& stanza, std::string_view line) const;
  std::string where() const;

  Source& source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool at_end_ = false;
  std::size_t line_number_ = 0;
};

/// The only paragraph of a control file; throws Error{Foreign} when there is none or more than one.
Stanza read_stanza(std::string_view text);

}  // namespace mlbuild::debian
