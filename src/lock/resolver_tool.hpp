#pragma once

#include "mlbuild/lock/resolve.hpp"

#include <filesystem>
#include <vector>

namespace mlbuild {

/// The resolver that this release of mlbuild uses, one file per host machine. All are in every lock, so that a lock
/// does not tell on which machine it was made.
std::vector<LockedTool> pinned_resolver();

/// Fetches the file for this machine into the store and unpacks its program. Returns the folder that holds `uv`.
std::filesystem::path resolver_program(const ResolveContext& context);

}  // namespace mlbuild
