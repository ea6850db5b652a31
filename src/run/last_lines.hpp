#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// The end of what foreign code said, on its way to a terminal: at most `count` lines, no control characters, no
/// endless lines.
std::vector<std::string> last_lines(std::string_view text, std::size_t count);

/// One line of it.
std::string shown_line(std::string_view line);

}  // namespace mlbuild
