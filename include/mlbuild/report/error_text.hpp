#pragma once

#include "mlbuild/base/error.hpp"

#include <functional>
#include <optional>
#include <string>

namespace mlbuild {

/// Whether text may use ANSI colours; colour never carries meaning alone.
enum class Colour { Never, Always };

/// An error as the user reads it: message, place with the source line underlined, what was being done, the way out;
/// then the other mistakes of the same run. What stands before the host of a URL is starred out, in all of that.
/// `read_line` returns line N of a file, for the excerpt (tests give another).
using LineReader = std::function<std::optional<std::string>(const std::string& file, unsigned line)>;
std::string error_text(const Error& error, Colour colour, const LineReader& read_line);
std::optional<std::string> read_source_line(const std::string& file, unsigned line);

/// The same as one JSON object: {"error":{"kind","message","hint","location","context","others"}}.
std::string error_json(const Error& error);

}  // namespace mlbuild
