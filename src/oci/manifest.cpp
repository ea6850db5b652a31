#include "json.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/oci.hpp"

#include <fmt/format.h>

namespace mlbuild::oci {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDescriptors = 10000;
constexpr std::string_view kDigestPrefix = "sha256:";

json platform_json(const Platform& platform) {
  json value = json::object();
  value["architecture"] = platform.architecture;
  value["os"] = platform.os;
  if (!platform.variant.empty()) value["variant"] = platform.variant;
  return value;
}

json descriptor_json(const Descriptor& descriptor) {
  json value = json::object();
  value["mediaType"] = descriptor.media_type;
  value["digest"] = descriptor.digest.to_string();
  value["size"] = descriptor.size_bytes;
  if (!descriptor.annotations.empty()) value["annotations"] = descriptor.annotations;
  if (descriptor.platform) value["platform"] = platform_json(*descriptor.platform);
  if (!descriptor.artifact_type.empty()) value["artifactType"] = descriptor.artifact_type;
  return value;
}

json descriptors_json(const std::vector<Descriptor>& descriptors) {
  json list = json::array();
  for (const Descriptor& descriptor : descriptors) list.push_back(descriptor_json(descriptor));
  return list;
}

/// Only sha256 with 64 lower-case digits (descriptor.md, "Registered algorithms"): a digest becomes a file name.
BlobDigest read_digest(const json& value) {
  const auto digest = value.get<std::string>();
  if (!digest.starts_with(kDigestPrefix) || !Digest::is_hex(std::string_view(digest).substr(kDigestPrefix.size()))) {
    throw Error(ErrorKind::Foreign,
                fmt::format("`{}` is no sha256 digest", printable(std::string_view(digest).substr(0, 80))));
  }
  return BlobDigest::parse(digest);
}

Descriptor read_descriptor(const json& value) {
  Descriptor descriptor;
  descriptor.media_type = value.at("mediaType").get<std::string>();
  descriptor.digest = read_digest(value.at("digest"));
  const json& size = value.at("size");
  if (!size.is_number_unsigned()) throw Error(ErrorKind::Foreign, "the size of a descriptor is no natural number");
  descriptor.size_bytes = size.get<std::uint64_t>();
  descriptor.annotations = optional_string_map(value, "annotations");
  descriptor.artifact_type = optional_string(value, "artifactType");
  if (has(value, "platform")) {
    const json& platform = value.at("platform");
    descriptor.platform = Platform{platform.at("os").get<std::string>(), platform.at("architecture").get<std::string>(),
                                   optional_string(platform, "variant")};
  }
  return descriptor;
}

/// Sizes are added up by everybody who shows or checks them: their sum must fit, too.
void check_sizes(const std::vector<Descriptor>& descriptors) {
  constexpr std::uint64_t kMaxSumBytes = std::uint64_t{1} << 62U;
  std::uint64_t sum = 0;
  for (const Descriptor& descriptor : descriptors) {
    if (descriptor.size_bytes > kMaxSumBytes - sum) throw Error(ErrorKind::Foreign, "the sizes of blobs are absurd");
    sum += descriptor.size_bytes;
  }
}

std::vector<Descriptor> read_descriptors(const json& list) {
  if (!list.is_array() || list.size() > kMaxDescriptors) {
    throw Error(ErrorKind::Foreign, "a list of descriptors is no list or too long");
  }
  std::vector<Descriptor> descriptors;
  for (const json& value : list) descriptors.push_back(read_descriptor(value));
  check_sizes(descriptors);
  return descriptors;
}

/// schemaVersion must be 2 (manifest.md, image-index.md); and an index must not pass for a manifest or the other way
/// round, whatever the server said it is (CVE-2021-41190).
void check_kind(const json& value, bool (*is_type)(std::string_view), std::string_view media_type, const char* member,
                const char* foreign_member) {
  if (!has(value, "schemaVersion") || value.at("schemaVersion") != 2) {
    throw Error(ErrorKind::Foreign, "schemaVersion is not 2");
  }
  if (has(value, "mediaType") && !is_type(value.at("mediaType").get<std::string>())) {
    throw Error(ErrorKind::Foreign, fmt::format("its media type is not {}", media_type));
  }
  const bool has_foreign_config = std::string_view(foreign_member) == "layers" && value.contains("config");
  if (!value.contains(member) || value.contains(foreign_member) || has_foreign_config) {
    throw Error(ErrorKind::Foreign, fmt::format("it should have `{}` and no `{}`", member, foreign_member));
  }
}

}  // namespace

bool is_manifest_type(std::string_view type) { return type == kManifestMediaType || type == kDockerManifestMediaType; }

bool is_index_type(std::string_view type) { return type == kIndexMediaType || type == kDockerIndexMediaType; }

std::optional<std::string> layer_media_type(std::string_view type) {
  constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
  if (type.starts_with(kDockerLayer)) {
    const std::string_view rest = type.substr(kDockerLayer.size());
    if (rest.empty()) return std::string(kLayerMediaType);
    if (rest == ".gzip") return std::string(kLayerGzipMediaType);
    if (rest == ".zstd") return std::string(kLayerZstdMediaType);
    return std::nullopt;
  }
  if (type == kLayerMediaType || type == kLayerGzipMediaType || type == kLayerZstdMediaType) return std::string(type);
  return std::nullopt;
}

std::string to_json(const Manifest& manifest) {
  json value = json::object();
  value["schemaVersion"] = 2;
  value["mediaType"] = kManifestMediaType;
  value["config"] = descriptor_json(manifest.config);
  value["layers"] = descriptors_json(manifest.layers);
  if (!manifest.artifact_type.empty()) value["artifactType"] = manifest.artifact_type;
  if (!manifest.annotations.empty()) value["annotations"] = manifest.annotations;
  return canonical(value);
}

std::string to_json(const Index& index) {
  json value = json::object();
  value["schemaVersion"] = 2;
  value["mediaType"] = kIndexMediaType;
  value["manifests"] = descriptors_json(index.manifests);
  if (!index.annotations.empty()) value["annotations"] = index.annotations;
  return canonical(value);
}

Manifest parse_manifest(std::string_view text) {
  return reading("the manifest", [&] {
    const json value = parse_bounded_json(text, "the manifest");
    check_kind(value, is_manifest_type, kManifestMediaType, "layers", "manifests");
    Manifest manifest;
    manifest.config = read_descriptor(value.at("config"));
    manifest.layers = read_descriptors(value.at("layers"));
    manifest.annotations = optional_string_map(value, "annotations");
    return manifest;
  });
}

Index parse_index(std::string_view text) {
  return reading("the index", [&] {
    const json value = parse_bounded_json(text, "the index");
    check_kind(value, is_index_type, kIndexMediaType, "manifests", "layers");
    Index index;
    index.manifests = read_descriptors(value.at("manifests"));
    index.annotations = optional_string_map(value, "annotations");
    return index;
  });
}

}  // namespace mlbuild::oci
