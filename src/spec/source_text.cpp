#include "source_text.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace mlbuild::spec {
namespace {

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

/// Position of U+202A..U+202E or U+2066..U+2069 in UTF-8.
std::size_t find_bidirectional(std::string_view line) {
  for (std::size_t i = line.find("\xE2\x80"); i != std::string_view::npos; i = line.find("\xE2\x80", i + 1)) {
    if (i + 2 < line.size() && line[i + 2] >= '\xAA' && line[i + 2] <= '\xAE') return i;
  }
  for (std::size_t i = line.find("\xE2\x81"); i != std::string_view::npos; i = line.find("\xE2\x81", i + 1)) {
    if (i + 2 < line.size() && line[i + 2] >= '\xA6' && line[i + 2] <= '\xA9') return i;
  }
  return std::string_view::npos;
}

/// Where the first byte stands that is not part of a UTF-8 character.
std::size_t find_not_utf8(std::string_view line) {
  std::size_t position = 0;
  while (position < line.size()) {
    std::size_t length = 1;
    while (length <= 4 && !is_valid_utf8(line.substr(position, length))) ++length;
    if (length > 4) return position;
    position += length;
  }
  return position;
}

std::optional<std::pair<std::size_t, std::string>> find_forbidden(std::string_view line) {
  if (!is_valid_utf8(line)) return {{find_not_utf8(line), "bytes that are not UTF-8"}};
  if (const auto* control = std::ranges::find_if(line, is_control); control != line.end()) {
    return {{static_cast<std::size_t>(control - line.begin()), "a control character"}};
  }
  if (const std::size_t bidi = find_bidirectional(line); bidi != std::string_view::npos) {
    return {{bidi, "an invisible character that changes the direction of text"}};
  }
  return std::nullopt;
}

/// Where the quoted scalar goes on behind the first `from` characters of `text`: position behind its closing quote,
/// npos when that is not in this text.
std::size_t find_quote_end(std::string_view text, std::size_t from, char quote) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || !text.substr(i + 1).starts_with('\'')) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

bool is_quote(char c) { return c == '"' || c == '\''; }

}  // namespace

SourceText::SourceText(std::string_view text, std::string file) : file_(std::move(file)), lines_(split_lines(text)) {}

void SourceText::check_characters() const {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (const auto found = find_forbidden(lines_[i])) {
      throw Error(ErrorKind::Spec, fmt::format("this line holds {}", found->second))
          .at(place(static_cast<int>(i), static_cast<int>(found->first)))
          .hint("save the file as UTF-8 text, or write the character as an escape in double quotes");
    }
  }
}

Location SourceText::place(int line, int column) const {
  return {file_, static_cast<unsigned>(std::max(line, 0)) + 1, static_cast<unsigned>(std::max(column, 0)) + 1, 1};
}

bool SourceText::quote_ends(int line, int column) const {
  const Location at = place(line, column);
  if (at.line > lines_.size() || at.column > lines_[at.line - 1].size()) return true;
  const char quote = lines_[at.line - 1][at.column - 1];
  if (!is_quote(quote)) return true;
  if (find_quote_end(lines_[at.line - 1], at.column, quote) != std::string_view::npos) return true;
  return std::any_of(lines_.begin() + at.line, lines_.end(), [quote](std::string_view text) {
    return find_quote_end(text, 0, quote) != std::string_view::npos;
  });
}

Location SourceText::scalar(int line, int column, std::string_view value) const {
  Location at = place(line, column);
  if (at.line > lines_.size() || at.column > lines_[at.line - 1].size()) return at;
  const std::string_view rest = lines_[at.line - 1].substr(at.column - 1);
  std::size_t length = trim(rest).size();
  if (is_quote(rest.front()))
    length = std::min(length, find_quote_end(rest, 1, rest.front()));
  else if (!value.empty() && rest.starts_with(value))
    length = value.size();
  at.length = static_cast<unsigned>(std::max<std::size_t>(1, length));
  return at;
}

}  // namespace mlbuild::spec
