#pragma once

#include "mlbuild/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::spec {

/// The text of a file the user wrote, with its lines: turns positions into Locations.
class SourceText {
 public:
  /// `text` must outlive this object.
  SourceText(std::string_view text, std::string file);
  /// Throws Error{Spec} for bytes that editors do not show as what they are: invalid UTF-8, control characters, and the
  /// bidirectional controls that make text read differently from what it says (CVE-2021-42574).
  void check_characters() const;
  /// Where the scalar `value` begins that was found at this line and column (from 0); the length is that of its text on
  /// this line.
  Location scalar(int line, int column, std::string_view value) const;
  /// False for a quote that no later quote ends.
  bool quote_ends(int line, int column) const;
  Location place(int line, int column) const;

 private:
  std::string file_;
  std::vector<std::string_view> lines_;
};

}  // namespace mlbuild::spec
