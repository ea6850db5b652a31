#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>

namespace mlbuild {

/// Parses TOML 1.0; throws Error{Foreign} naming `what` and the line. Depth is bounded by the library (256).
toml::table parse_toml(std::string_view text, const std::string& what);

/// `text` as a TOML basic string with its quotes.
std::string toml_string(std::string_view text);

}  // namespace mlbuild
