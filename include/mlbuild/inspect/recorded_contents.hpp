#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/inspect/contents.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace mlbuild {

/// What the annotations of an image's layers tell, without a look at the layers (docs/formats/image.md). Numbers of
/// files are not in there, nor what layers hide of each other.
struct RecordedContents {
  std::vector<ContentPackage> packages;     ///< largest first; what belongs to none is a package without name
  std::vector<std::size_t> unknown_layers;  ///< of a base that mlbuild did not make
};

/// Nothing when no layer tells anything: the image is somebody else's.
std::optional<RecordedContents> recorded_contents(const Image& image);

}  // namespace mlbuild
