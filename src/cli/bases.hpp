#pragma once

#include "world.hpp"

#include "mlbuild/run/base_blobs.hpp"
#include "mlbuild/run/build.hpp"

#include <vector>

namespace mlbuild::cli {

/// Whoever wants the bytes of base layers that mlbuild did not make gets them from where they are.
void add_bases(BaseBlobs& blobs, const std::vector<BuildRequest>& requests, World& world);

}  // namespace mlbuild::cli
