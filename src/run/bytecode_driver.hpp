#pragma once

#include <string_view>

namespace mlbuild {

/// Python's program that compiles: `driver IN OUT`, two directories. For each byte `b` in IN/requests it makes
/// OUT/compiled of IN/sources and writes a byte to OUT/answers; anything else is the end. Both files are records with
/// lengths of 32 bits, little endian, in front. `sources`: path, content, path, content, ... `compiled`: the magic
/// number, then for each source its unchecked hash-based .pyc, empty when it does not compile; each record is written
/// in one piece, so that a crash tells by their number which source it was.
std::string_view bytecode_driver();

}  // namespace mlbuild
