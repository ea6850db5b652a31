#pragma once

#include "mlbuild/oci/oci.hpp"

#include <string_view>

namespace mlbuild {

/// The name under which an image is published: "churn-train" means "churn-train:latest", as everywhere. Throws
/// Error{Usage} for anything that is no image reference, or has a digest: the digest is what comes out, not what goes
/// in.
oci::Reference image_name(std::string_view text);

}  // namespace mlbuild
