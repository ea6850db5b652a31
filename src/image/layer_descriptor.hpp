#pragma once

#include "mlbuild/image/image.hpp"

namespace mlbuild {

/// How a layer is named in manifests, with what is known about it (docs/formats/image.md).
oci::Descriptor layer_descriptor(const ImageLayer& layer);

}  // namespace mlbuild
