#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlbuild {

struct ArMember {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
};

/// Members of a common ar archive as in deb(5): "!<arch>\n", 60-byte headers, no long names. Throws Error{Foreign}.
std::vector<ArMember> read_ar_directory(const RandomAccess& file);

}  // namespace mlbuild
