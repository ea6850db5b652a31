#pragma once

#include "mlbuild/elf/object.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/python/tags.hpp"

#include <string>

namespace mlbuild {

/// What an ELF file asks of the machine that loads it.
struct ElfNeeds {
  unsigned glibc_minor = 0;  ///< of the newest GLIBC_2.x symbol version that it names
  std::string run_path;      ///< DT_RPATH and DT_RUNPATH, joined by ':'
};
ElfNeeds needs_of(const elf::Object& object);

/// A wheel from a build must fit the image it is built for: its tags, the glibc that its libraries need, and nowhere
/// the place where it was built as a place to look for things. Its files go by as a stream. Throws Error{Step},
/// Error{Foreign} for no wheel at all.
void check_built_wheel(const RandomAccess& wheel, const std::string& filename, const python::TargetPlatform& target);

}  // namespace mlbuild
