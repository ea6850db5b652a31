#pragma once

#include "mlbuild/oci/oci.hpp"

namespace mlbuild {

/// What images must be for to run on this machine, in the words of the image-spec (image-index.md, "platform").
oci::Platform host_platform();

}  // namespace mlbuild
