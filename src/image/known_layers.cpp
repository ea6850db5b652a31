// The registry's word is taken for what bytes a key gives, as the local store's is: whoever may write to the repository
// that the user named may change what comes out of it anyway. What is checked is that it cannot do more than that: no
// annotation reaches a path, an allocation or a place in the image other than its own layer's.

#include "mlbuild/image/known_layers.hpp"

#include "annotations.hpp"
#include "layer_packages.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/oci/lazy_annotations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace mlbuild {
namespace {

constexpr std::uint64_t kMaxPlainBytes = std::uint64_t{1} << 50U;  // sums of many of them still fit
constexpr std::size_t kMaxFilename = 255;
constexpr std::string_view kSha256 = "sha256:";

template <class TypedDigest>
std::optional<TypedDigest> read_digest(std::string_view text) {
  if (!text.starts_with(kSha256) || !Digest::is_hex(text.substr(kSha256.size()))) return std::nullopt;
  return TypedDigest::parse(text);
}

const std::string* find(const oci::Descriptor& descriptor, std::string_view name) {
  const auto found = descriptor.annotations.find(std::string(name));
  return found == descriptor.annotations.end() ? nullptr : &found->second;
}

std::optional<StepKey> read_key(const oci::Descriptor& descriptor) {
  const std::string* text = find(descriptor, annotation::kKey);
  return text == nullptr ? std::nullopt : read_digest<StepKey>(*text);
}

std::optional<std::uint64_t> read_plain_size(const oci::Descriptor& descriptor) {
  const std::string* text = find(descriptor, annotation::kPlainSize);
  if (text == nullptr) return std::nullopt;
  std::uint64_t size_bytes = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size_bytes);
  if (error != std::errc() || end != text->data() + text->size() || size_bytes > kMaxPlainBytes) return std::nullopt;
  return size_bytes;
}

/// PEP 427 names: what else is in there is no wheel of ours.
bool is_wheel_filename(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-+!").find(c) != std::string_view::npos;
  };
  return name.size() <= kMaxFilename && name.ends_with(".whl") && std::ranges::all_of(name, allowed);
}

std::optional<BuiltWheelNote> read_built_wheel(std::string_view name, std::string_view value) {
  constexpr std::size_t kDigestLength = kSha256.size() + 64;
  if (!name.starts_with(annotation::kBuiltPrefix)) return std::nullopt;
  name.remove_prefix(annotation::kBuiltPrefix.size());
  if (!Digest::is_hex(name) || value.size() <= kDigestLength || value[kDigestLength] != ' ') return std::nullopt;
  const auto digest = read_digest<BlobDigest>(value.substr(0, kDigestLength));
  const std::string_view filename = value.substr(kDigestLength + 1);
  if (!digest || !is_wheel_filename(filename)) return std::nullopt;
  return BuiltWheelNote{StepKey::parse(name), std::string(filename), *digest};
}

std::optional<LayerFacts> read_layer(const oci::Descriptor& descriptor, const DiffId& diff_id) {
  std::optional<RecordedLayer> recorded = recorded_layer(descriptor);
  const bool is_ours =
      descriptor.media_type == oci::kLayerGzipMediaType || descriptor.media_type == oci::kLayerZstdMediaType;
  if (!recorded || !is_ours) return std::nullopt;
  LayerFacts facts;
  facts.media_type = descriptor.media_type;
  facts.digest = descriptor.digest;
  facts.size_bytes = descriptor.size_bytes;
  facts.diff_id = diff_id;
  facts.plain_size_bytes = recorded->plain_size_bytes;
  facts.packages = std::move(recorded->packages);
  facts.annotations = oci::lazy_annotations(descriptor.annotations);
  return facts;
}

}  // namespace

KnownLayers known_layers(const oci::Manifest& manifest, const oci::ImageConfig& config) {
  if (manifest.layers.size() != config.diff_ids.size()) {
    throw Error(ErrorKind::Foreign, fmt::format("the manifest has {} layers, its config {}", manifest.layers.size(),
                                                config.diff_ids.size()));
  }
  KnownLayers known;
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const oci::Descriptor& descriptor = manifest.layers[i];
    const std::optional<StepKey> key = read_key(descriptor);
    std::optional<LayerFacts> facts = read_layer(descriptor, config.diff_ids[i]);
    if (!key || !facts) continue;
    known.layers.emplace(*key, std::move(*facts));
    for (const auto& [name, value] : descriptor.annotations) {
      if (std::optional<BuiltWheelNote> wheel = read_built_wheel(name, value)) {
        known.built_wheels.emplace(wheel->key, std::move(*wheel));
      }
    }
  }
  return known;
}

std::optional<RecordedLayer> recorded_layer(const oci::Descriptor& layer) {
  const std::optional<std::uint64_t> plain_size_bytes = read_plain_size(layer);
  const std::string* text = find(layer, annotation::kPackages);
  if (!plain_size_bytes || text == nullptr) return std::nullopt;
  std::optional<std::vector<LayerPackage>> packages = packages_from_annotation(*text);
  if (!packages) return std::nullopt;
  return RecordedLayer{*plain_size_bytes, std::move(*packages)};
}

bool has_known_layers(const oci::Manifest& manifest) {
  return std::ranges::any_of(manifest.layers, [](const oci::Descriptor& layer) { return read_key(layer).has_value(); });
}

}  // namespace mlbuild
