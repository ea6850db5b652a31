#pragma once

#include "mlbuild/layer/layer.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/spec/spec.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// A wheel that was built from source, as whoever has none of the inputs needs to know it: the key of its layer can
/// only be computed from what the build made.
struct BuiltWheelNote {
  StepKey key;  ///< of the build
  std::string filename;
  BlobDigest digest;
  friend bool operator==(const BuiltWheelNote&, const BuiltWheelNote&) = default;
};

/// A layer in its place in an image. Key, plain size and built wheels go along as annotations (docs/formats/image.md).
struct ImageLayer {
  LayerFacts facts;
  StepKey key;
  std::string created_by;                    ///< history line: "wheel numpy 1.26.4"
  std::vector<BuiltWheelNote> built_wheels;  ///< those that the layer holds
  bool is_base = false;      ///< of a base that mlbuild did not make: no annotations, history as its config has it
  bool hides_lower = false;  ///< by whiteouts, what layers below it have
};

/// An image as bytes; layers are in the store. Made by compose_image only.
struct Image {
  oci::Platform platform;
  std::string config_json;
  std::string manifest_json;
  oci::Descriptor config;
  oci::Descriptor manifest;
  std::vector<ImageLayer> layers;               ///< bottom to top
  std::uint64_t compressed_size_bytes() const;  ///< layers and config
  std::uint64_t plain_size_bytes() const;
};

/// Pure: the same layers and config give the same bytes. `base`: config of a base that mlbuild did not make, which the
/// first layers are of; it is inherited as by docker's FROM: variables, labels, ports and volumes are added to, an
/// entrypoint of one's own resets the inherited command, other values replace.
Image compose_image(const std::vector<ImageLayer>& layers, const RunConfig& config, const oci::Platform& platform,
                    std::int64_t created_epoch_seconds, const oci::ImageConfig* base = nullptr);

}  // namespace mlbuild
