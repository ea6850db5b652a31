#pragma once

#include "mlbuild/sys/fd.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlbuild {

/// What a process below a Landlock domain may open: kernel documentation, userspace-api/landlock. A second wall behind
/// the root's own, and the only one where neither namespaces nor a chroot are to be had.
struct LandlockRules {
  std::vector<std::string> readable;  ///< with what is below; missing ones are skipped
  std::vector<std::string> writable;  ///< likewise; and for reading
};

/// The version that the kernel speaks; 0: none.
int landlock_version();

/// From version 6 on a domain's processes reach neither abstract Unix sockets nor processes outside of it.
inline constexpr int kLandlockScopes = 6;
/// Version 1 forbids every rename into another directory, which no build survives.
inline constexpr int kLandlockUsable = 2;

/// Restricts the calling thread and what it starts. What is open as descriptors 0, 1 and 2 may be opened again by their
/// names in /dev. Needs no_new_privs. Returns 0 or an errno; does nothing below kLandlockUsable.
int enter_landlock(const LandlockRules& rules);

}  // namespace mlbuild
