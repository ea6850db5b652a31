#pragma once

#include "wheel_archive.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlbuild {

/// One file that a wheel installs: a member as it is, or bytes of our own (wrappers, rewritten scripts, RECORD,
/// INSTALLER).
struct InstalledFile {
  std::string path;  ///< in the image
  bool executable = false;
  std::uint64_t size_bytes = 0;
  std::string hash;  ///< as RECORD writes it; for a member RECORD's claim, to be checked while the content passes
  const WheelArchive* wheel = nullptr;
  const ZipMember* member = nullptr;  ///< nullptr: `content`
  std::string content;
};

/// Where each file of a wheel goes, as pip does it: PEP 427, "Installing a wheel"; PyPA "Recording installed projects".
/// Nothing but scripts is read. Adds to wheel.warnings. The result points into `wheel`. Throws Error{Foreign}.
/// What `prune` drops is neither installed nor in RECORD.
std::vector<InstalledFile> plan_install(WheelArchive& wheel, const InstallScheme& scheme,
                                        const python::PrunePolicy& prune);

}  // namespace mlbuild
