#include <fmt/format.h>

#include "json.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/oci.hpp"

namespace mlbuild::oci {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDescriptors = 10000;

json platform_json(const Platform& platform) {
  json value{{"architecture", platform.architecture}, {"os", platform.os}};
  if (!platform.variant.empty()) value["variant"] = platform.variant;
  return value;
}

json descriptor_json(const Descriptor& descriptor) {
  json value{{"digest", descriptor.digest.to_string()}, {"mediaType", descriptor.media_type}, {"size", descriptor.size_bytes}};
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

Descriptor read_descriptor(const json& value) {
  Descriptor descriptor;
  descriptor.media_type = value.at("mediaType").get<std::string>();
  const std::string digest = value.at("digest").get<std::string>();
  if (!digest.starts_with("sha256:")) throw Error(ErrorKind::Foreign, fmt::format("digest `{}` is not of sha256", printable(digest.substr(0, 80))));
  descriptor.digest = BlobDigest::parse(digest);
  const json& size = value.at("size");
  if (!size.is_number_unsigned()) throw Error(ErrorKind::Foreign, "the size of a descriptor is no natural number");
  descriptor.size_bytes = size.get<std::uint64_t>();
  if (value.contains("annotations")) descriptor.annotations = value["annotations"].get<std::map<std::string, std::string>>();
  if (value.contains("artifactType")) descriptor.artifact_type = value["artifactType"].get<std::string>();
  if (value.contains("platform")) {
    const json& platform = value["platform"];
    descriptor.platform = Platform{platform.at("os").get<std::string>(), platform.at("architecture").get<std::string>(), platform.value("variant", "")};
  }
  return descriptor;
}

std::vector<Descriptor> read_descriptors(const json& list) {
  if (!list.is_array() || list.size() > kMaxDescriptors) throw Error(ErrorKind::Foreign, "a list of descriptors is malformed or too long");
  std::vector<Descriptor> descriptors;
  for (const json& value : list) descriptors.push_back(read_descriptor(value));
  return descriptors;
}

/// image-spec, "Image manifest": schemaVersion must be 2; an index must not pass for a manifest or the other way round.
void check_kind(const json& value, std::string_view media_type, std::string_view member, std::string_view foreign_member) {
  if (!value.is_object() || value.value("schemaVersion", 0) != 2) throw Error(ErrorKind::Foreign, "schemaVersion is not 2");
  if (value.contains("mediaType") && value["mediaType"] != media_type) throw Error(ErrorKind::Foreign, fmt::format("its media type is not {}", media_type));
  if (!value.contains(member) || value.contains(foreign_member)) throw Error(ErrorKind::Foreign, fmt::format("it is no document with `{}`", member));
}

}  // namespace

std::string to_json(const Manifest& manifest) {
  json value{{"schemaVersion", 2}, {"mediaType", kManifestMediaType}, {"config", descriptor_json(manifest.config)}, {"layers", descriptors_json(manifest.layers)}};
  if (!manifest.annotations.empty()) value["annotations"] = manifest.annotations;
  return canonical(value);
}

std::string to_json(const Index& index) {
  json value{{"schemaVersion", 2}, {"mediaType", kIndexMediaType}, {"manifests", descriptors_json(index.manifests)}};
  if (!index.annotations.empty()) value["annotations"] = index.annotations;
  return canonical(value);
}

Manifest parse_manifest(std::string_view text) {
  return reading("the manifest", [&] {
    const json value = parse_bounded_json(text, "the manifest");
    check_kind(value, kManifestMediaType, "layers", "manifests");
    Manifest manifest;
    manifest.config = read_descriptor(value.at("config"));
    manifest.layers = read_descriptors(value.at("layers"));
    if (value.contains("annotations")) manifest.annotations = value["annotations"].get<std::map<std::string, std::string>>();
    return manifest;
  });
}

Index parse_index(std::string_view text) {
  return reading("the index", [&] {
    const json value = parse_bounded_json(text, "the index");
    check_kind(value, kIndexMediaType, "manifests", "layers");
    Index index;
    index.manifests = read_descriptors(value.at("manifests"));
    if (value.contains("annotations")) index.annotations = value["annotations"].get<std::map<std::string, std::string>>();
    return index;
  });
}

}  // namespace mlbuild::oci
