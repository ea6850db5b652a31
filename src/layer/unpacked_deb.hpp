#pragma once

#include "spill_file.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/debian/deb_file.hpp"

#include <vector>

namespace mlbuild {

/// A package as shipped.
struct UnpackedDeb {
  struct Entry {
    TarEntry tar;
    SpilledContent content;  ///< File
  };
  debian::DebControl control;
  std::vector<Entry> entries;  ///< in the archive's order
};

}  // namespace mlbuild
