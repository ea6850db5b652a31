#pragma once

#include "world.hpp"

#include "mlbuild/image/image.hpp"
#include "mlbuild/run/build.hpp"

namespace mlbuild::cli {

/// What the spec's `check.libraries` wants of a built image: nothing, a warning, or Error{Gate} for each library that
/// is not there. What was found good is remembered by image.
void check_image_libraries(const Image& image, const BuildRequest& request, BlobStore& layers, World& world);

}  // namespace mlbuild::cli
