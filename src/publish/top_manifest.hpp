#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/oci/oci.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// What the name of an image points to: its manifest, or for several platforms an index of theirs.
struct TopManifest {
  oci::Descriptor descriptor;
  std::string json;
};

TopManifest top_manifest(const std::vector<Image>& images);  ///< of at least one

}  // namespace mlbuild
