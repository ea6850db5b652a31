#include "mlbuild/image/cache_entry.hpp"

#include "annotations.hpp"
#include "layer_descriptor.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::string_view kEmptyJson = "{}";  // all there is to say is in the annotations: an entry is one request

DiffId read_diff_id(const oci::Descriptor& layer) {
  constexpr std::string_view kSha256 = "sha256:";
  const auto found = layer.annotations.find(std::string(annotation::kDiffId));
  if (found != layer.annotations.end()) {
    const std::string_view text = found->second;
    if (text.starts_with(kSha256) && Digest::is_hex(text.substr(kSha256.size()))) return DiffId::parse(text);
  }
  throw Error(ErrorKind::Foreign, "its layer has no diffID");
}

}  // namespace

std::string cache_tag(const StepKey& key) {
  constexpr std::size_t kDigits = 40;  // a tag has at most 128 characters; 160 bits are enough not to meet by accident
  return "k2-" + key.hex().substr(0, kDigits);
}

CacheEntry compose_cache_entry(const ImageLayer& layer) {
  CacheEntry entry;
  entry.tag = cache_tag(layer.key);
  entry.config_json = kEmptyJson;
  entry.config.media_type = kCacheMediaType;
  entry.config.digest = BlobDigest(sha256(entry.config_json));
  entry.config.size_bytes = entry.config_json.size();
  oci::Manifest manifest;
  manifest.artifact_type = kCacheMediaType;
  manifest.config = entry.config;
  manifest.layers.push_back(layer_descriptor(layer));
  manifest.layers.front().annotations.emplace(annotation::kDiffId, layer.facts.diff_id.to_string());
  entry.manifest_json = oci::to_json(manifest);
  return entry;
}

// The annotations are read as those of an image: an entry is an image of one layer whose diffID stands elsewhere.
KnownLayers parse_cache_entry(std::string_view manifest_json, const StepKey& key) {
  const oci::Manifest manifest = oci::parse_manifest(manifest_json);
  if (manifest.config.media_type != kCacheMediaType) throw Error(ErrorKind::Foreign, "it is no entry of a cache");
  if (manifest.layers.size() != 1) {
    throw Error(ErrorKind::Foreign, fmt::format("it has {} layers instead of one", manifest.layers.size()));
  }
  constexpr std::uint64_t kMaxSizeBytes = std::uint64_t{1} << 50U;  // an image's sum of them still fits
  if (manifest.layers.front().size_bytes > kMaxSizeBytes)
    throw Error(ErrorKind::Foreign, "its layer has an absurd size");
  oci::ImageConfig config;
  config.diff_ids.push_back(read_diff_id(manifest.layers.front()));
  KnownLayers known = known_layers(manifest, config);
  if (!known.layers.contains(key)) throw Error(ErrorKind::Foreign, "it is about another step, or makes no sense");
  return known;
}

}  // namespace mlbuild
