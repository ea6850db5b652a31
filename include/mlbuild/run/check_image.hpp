#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/run/build.hpp"

namespace mlbuild {

/// What the spec's `check:` wants to work before the image goes anywhere, tried in the image itself: in the sandbox,
/// without network, with limits. Throws Error{Gate} with what the image said, the layer it came from and the place in
/// the spec. What was found good is remembered by image and not tried again unless the build is forced. `layers` gives
/// the bytes of the image's layers. An image for another processor than this machine's is not tried; a warning says so.
void check_image(const Image& image, const BuildRequest& request, BlobStore& layers, const BuildContext& context);

}  // namespace mlbuild
