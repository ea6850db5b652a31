#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlbuild {

/// Where an entry's content is in an uncompressed tar.
struct TarMember {
  std::string path;  ///< as in TarEntry
  TarType type = TarType::File;
  std::uint64_t offset = 0;  ///< of the content
  std::uint64_t size_bytes = 0;
  std::string link_target;  ///< as in TarEntry
};

/// Reads the headers of a tar file (POSIX ustar with pax, GNU long names) and skips its contents by position, so that
/// gigabytes cost a few reads. Throws Error{Foreign} for a compressed file, wrong checksums, a truncated archive,
/// unsafe paths (see why_unsafe_path), sparse entries, more than 2^20 entries or a name that is there twice.
std::vector<TarMember> read_tar_index(const RandomAccess& file);

}  // namespace mlbuild
