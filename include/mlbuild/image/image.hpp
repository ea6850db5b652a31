#pragma once

#include "mlbuild/layer/layer.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/spec/spec.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// A layer in its place in an image.
struct ImageLayer {
  LayerFacts facts;
  StepKey key;             ///< goes along as annotation "dev.mlbuild.key"
  std::string created_by;  ///< history line: "wheel numpy 1.26.4"
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

/// Pure: the same layers and config give the same bytes.
Image compose_image(const std::vector<ImageLayer>& layers, const RunConfig& config, const oci::Platform& platform,
                    std::int64_t created_epoch_seconds);

}  // namespace mlbuild
