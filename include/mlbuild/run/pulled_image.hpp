#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/run/base_blobs.hpp"

#include <memory>

namespace mlbuild {

/// An image that is kept elsewhere (layout, archive, registry), as start_image() takes it: all of its layers are those
/// of a base, and one tree. `blobs` learns where their bytes are.
Image open_pulled_image(const std::shared_ptr<BaseSource>& source, const oci::Platform& platform, BaseBlobs& blobs);

}  // namespace mlbuild
