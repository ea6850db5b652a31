#pragma once

#include "image_places.hpp"

#include "mlbuild/image/image.hpp"
#include "mlbuild/inspect/layer_scan.hpp"
#include "mlbuild/lock/lock.hpp"
#include "mlbuild/run/build.hpp"
#include "mlbuild/spec/spec.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mlbuild::cli {

/// An image with where the bytes of its layers are.
struct ReadyImage {
  Image image;
  std::unique_ptr<ImageSource> source;  ///< of one that is kept somewhere, instead of a spec
  std::unique_ptr<BlobStore> layers;
};

/// One that is kept somewhere, for this machine's platform.
ReadyImage open_kept_image(const ImagePlace& place, const std::string& text, World& world);

/// A spec with the lock that answers it.
struct LockedSpec {
  Spec spec;
  Lock lock;
  LockedSpec(const std::string& path, const std::string& variant, bool locked, World& world);
  BuildRequest request(const std::string& variant) const;  ///< for this machine's platform; points into this
};

/// Builds it, as far as it is not built yet.
ReadyImage build_from_spec(const BuildRequest& request, const BuildContext& context, World& world);

/// Scans of all layers, remembered in the store.
std::vector<LayerScan> scan_layers(const Image& image, BlobStore& layers, World& world);

}  // namespace mlbuild::cli
