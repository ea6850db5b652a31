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

std::optional<std::pair<std::size_t, std::string>> find_forbidden(std::string_view line) {
  if (!is_valid_utf8(line)) {
    std::size_t valid = 0;
    while (valid < line.size() && is_valid_utf8(line.substr(0, valid + 1))) ++valid;
    return {{valid, "bytes that are not UTF-8"}};
  }
  if (const auto* control = std::ranges::find_if(line, is_control); control != line.end()) {
    return {{static_cast<std::size_t>(control - line.begin()), "a control character"}};
  }
  if (const std::size_t bidi = find_bidirectional(line); bidi != std::string_view::npos) {
    return {{bidi, "an invisible character that changes the direction of text"}};
  }
  return std::nullopt;
}

/// Length of the quoted scalar at the front of `text`, its quotes included; up to the end when it goes on on the next
/// line.
std::size_t quoted_length(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\')
      ++i;
    else if (text[i] == quote && quote == '\'' && text.substr(i + 1).starts_with('\''))
      ++i;
    else if (text[i] == quote)
      return i + 1;
  }
  return text.size();
}

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

Location SourceText::scalar(int line, int column, std::string_view value) const {
  Location at = place(line, column);
  if (at.line > lines_.size() || at.column > lines_[at.line - 1].size()) return at;
  const std::string_view rest = lines_[at.line - 1].substr(at.column - 1);
  std::size_t length = trim(rest).size();
  if (rest.front() == '"' || rest.front() == '\'')
    length = quoted_length(rest);
  else if (!value.empty() && rest.starts_with(value))
    length = value.size();
  at.length = static_cast<unsigned>(std::max<std::size_t>(1, length));
  return at;
}

}  // namespace mlbuild::spec
