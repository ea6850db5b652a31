#pragma once

#include "mlbuild/lock/lock.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

struct WhyPackage {
  std::string name;
  std::string version;
  std::uint64_t size_bytes = 0;  ///< of the wheel, sdist or .deb
};

/// Why a locked package is there, and what would go with it.
struct Why {
  WhyPackage package;
  std::string kind;   ///< "wheel", "sdist", "deb"
  std::string group;  ///< "runtime", "dev", "base", "system.runtime", "system.build"
  /// From what the spec asks for (first) to the package (last), one for each that needs it directly, the shortest
  /// first. A .deb has one: the lock keeps only the first reason that the resolver met.
  std::vector<std::vector<std::string>> chains;
  /// What else would leave the lock with it: needed by nothing but the package and these. Largest first.
  std::vector<WhyPackage> only_for_it;
};

/// All that the lock has under this name: a wheel and a .deb may share one. Names are compared as their kind does.
std::vector<Why> why_locked(const LockedImage& image, std::string_view name);
/// Every name that why_locked() knows, sorted.
std::vector<std::string> locked_names(const LockedImage& image);

}  // namespace mlbuild
