#pragma once

#include <cstddef>
#include <string_view>

namespace mlbuild {

/// toml++ bounds how deep values are nested, but not the tables that a key like `a.a.a` makes, and frees them by
/// recursion: a hundred thousand end the stack. Whoever parses TOML looks at this first.
inline constexpr std::size_t kMaxTomlKeyParts = 16;

/// How many parts the longest dotted key of a text has (TOML 1.0, "Keys"). Text that is no TOML gets some number; the
/// parser tells what is wrong with it.
std::size_t toml_key_parts(std::string_view text);

}  // namespace mlbuild
