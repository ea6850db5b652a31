#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstdint>

namespace mlbuild::zip {

/// What the end records say (APPNOTE 4.3.14 to 4.3.16), zip64 resolved.
struct End {
  std::uint64_t members = 0;
  std::uint64_t directory_offset = 0;
  std::uint64_t directory_size_bytes = 0;  ///< the directory ends exactly where the end records begin
};

/// Finds the only end record; refuses files where another reader could find another one.
End read_end(const RandomAccess& file);

}  // namespace mlbuild::zip
