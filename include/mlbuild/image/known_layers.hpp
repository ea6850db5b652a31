#pragma once

#include "mlbuild/image/image.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace mlbuild {

/// What manifest and config of an image tell about the steps that made it: the way back from compose_image.
struct KnownLayers {
  std::map<StepKey, LayerFacts> layers;  ///< without entries and warnings, which nobody needs to name a layer
  std::map<StepKey, BuiltWheelNote> built_wheels;
};

/// Reads foreign bytes: layers whose annotations are absent or make no sense are left out, as if nothing were known.
/// Throws Error{Foreign} when manifest and config do not belong together.
KnownLayers known_layers(const oci::Manifest& manifest, const oci::ImageConfig& config);

/// What a layer's annotations tell of what is in it.
struct RecordedLayer {
  std::uint64_t plain_size_bytes = 0;  ///< of the tar
  std::vector<LayerPackage> packages;
};
/// Nothing for a layer that mlbuild did not make, or whose annotations make no sense.
std::optional<RecordedLayer> recorded_layer(const oci::Descriptor& layer);

/// Whether reading the config is worth it.
bool has_known_layers(const oci::Manifest& manifest);

}  // namespace mlbuild
