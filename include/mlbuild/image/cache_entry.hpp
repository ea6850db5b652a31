#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/image/known_layers.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// config.mediaType and artifactType of what a cache repository holds (docs/formats/cache.md).
inline constexpr std::string_view kCacheMediaType = "application/vnd.mlbuild.cache.v1+json";

/// A layer as a cache repository keeps it: an image manifest of its own, so that no registry's garbage collection takes
/// the blob away and every registry lets it be mounted, under a tag made of its step's key.
struct CacheEntry {
  std::string tag;            ///< "k2-" and the first 40 hex digits of the key
  std::string config_json;    ///< the same in all entries
  std::string manifest_json;  ///< kManifestMediaType
  oci::Descriptor config;
};

std::string cache_tag(const StepKey& key);

/// Pure: the same layer gives the same bytes.
CacheEntry compose_cache_entry(const ImageLayer& layer);

/// What an entry tells: the layer of `key` and the wheels built from source in it. Reads foreign bytes; throws
/// Error{Foreign} for what is malformed or about another step.
KnownLayers parse_cache_entry(std::string_view manifest_json, const StepKey& key);

}  // namespace mlbuild
