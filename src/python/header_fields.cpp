#include "header_fields.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild::python {
namespace {
constexpr std::size_t kFieldLimit = 20000;
}

std::vector<HeaderField> parse_header_fields(std::string_view text, std::string_view what) {
  std::vector<HeaderField> fields;
  for (const std::string_view line : split_lines(text)) {
    if (line.empty()) break;  // the body follows: the description
    if (line.front() == ' ' || line.front() == '\t') {
      if (fields.empty()) throw Error(ErrorKind::Foreign, fmt::format("{} begins with a continuation line", what));
      fields.back().value.append("\n").append(trim(line));
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      throw Error(ErrorKind::Foreign,
                  fmt::format("{} has a line without field name: `{}`", what, printable(line.substr(0, 80))));
    if (fields.size() == kFieldLimit) throw Error(ErrorKind::Foreign, fmt::format("{} has too many fields", what));
    fields.push_back({to_lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
  }
  return fields;
}

}  // namespace mlbuild::python
