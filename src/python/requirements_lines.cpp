#include "requirements_lines.hpp"

#include "mlbuild/base/text.hpp"

namespace mlbuild::python {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

/// A comment begins at a `#` at the start of the line or after white space: `x @ url#egg=x` keeps its fragment.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || is_space(line[i - 1]))) return line.substr(0, i);
  }
  return line;
}

/// A comment line ends a continuation even when it ends in a backslash itself, as in pip.
bool continues(std::string_view line) { return line.ends_with('\\') && without_comment(line).size() == line.size(); }

std::string_view visible(std::string_view line) {
  line = without_comment(line);
  while (line.ends_with('\\')) line.remove_suffix(1);
  return trim(line);
}

}  // namespace

std::vector<RequirementsLine> split_requirements_lines(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // byte order mark
  std::vector<RequirementsLine> result;
  RequirementsLine current;
  bool open = false;
  unsigned number = 0;
  for (const std::string_view line : split_lines(text)) {
    ++number;
    const std::string_view part = visible(line);
    if (!part.empty() && current.text.empty()) {
      current.line = number;
      current.column = static_cast<unsigned>(part.data() - line.data()) + 1;
      current.length = static_cast<unsigned>(part.size());
    }
    if (!current.text.empty() && !part.empty()) current.text += ' ';
    current.text += part;
    open = continues(line);
    if (open) continue;
    if (!current.text.empty()) result.push_back(current);
    current = {};
  }
  if (open && !current.text.empty()) result.push_back(current);
  return result;
}

}  // namespace mlbuild::python
