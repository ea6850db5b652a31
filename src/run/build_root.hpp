#pragma once

#include "mlbuild/run/sdist_build.hpp"

#include <filesystem>

namespace mlbuild {

/// The root in which a source distribution is built: its Debian packages and build requirements, unpacked once, kept as
/// a tree of the store.
std::filesystem::path build_root(const SdistBuildInputs& inputs, DiskStore& store, const Cancellation& cancellation);

}  // namespace mlbuild
