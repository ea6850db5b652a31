#pragma once

#include <cstddef>
#include <string_view>

namespace mlbuild {

/// How deep arrays and objects of a JSON text (RFC 8259) are nested, found in one pass before parsing: a parser's
/// callback could tell it, too, but then every end of an object walks over all its siblings, and a list of a million of
/// them takes hours. Text that is no JSON gets some number; the parser tells what is wrong with it.
std::size_t json_depth(std::string_view text);

}  // namespace mlbuild
