#pragma once

#include "mlbuild/base/digest.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Values of the OCI image-spec v1.1 with their canonical JSON (keys sorted bytewise, no white space, UTF-8): equal
/// values give equal bytes. Parsers throw Error{Foreign} and bound depth, counts and sizes.
namespace mlbuild::oci {

inline constexpr std::string_view kManifestMediaType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kIndexMediaType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kConfigMediaType = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kLayerMediaType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kLayerGzipMediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kLayerZstdMediaType = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerManifestMediaType = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerIndexMediaType = "application/vnd.docker.distribution.manifest.list.v2+json";

/// "linux/amd64", "linux/arm64/v8" (image-index.md, "platform").
struct Platform {
  std::string os = "linux";
  std::string architecture = "amd64";
  std::string variant;
  static Platform parse(std::string_view text);  ///< throws Error{Spec}
  std::string to_string() const;
  friend auto operator<=>(const Platform&, const Platform&) = default;
};

/// descriptor.md
struct Descriptor {
  std::string media_type;
  BlobDigest digest;
  std::uint64_t size_bytes = 0;
  std::map<std::string, std::string> annotations;
  std::optional<Platform> platform;
  std::string artifact_type;
};

/// manifest.md
struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;
  std::map<std::string, std::string> annotations;
  std::string artifact_type;  ///< of what is no image
};

/// image-index.md
struct Index {
  std::vector<Descriptor> manifests;
  std::map<std::string, std::string> annotations;
};

/// config.md, "Properties"; only what mlbuild writes or reads.
struct ImageConfig {
  struct History {
    std::string created_by;
    bool empty_layer = false;
    std::string created = {};  ///< "": as the image itself
    std::string author = {}, comment = {};
    friend bool operator==(const History&, const History&) = default;
  };
  Platform platform;
  std::string created;  ///< RFC 3339, from the epoch that the lock fixes
  std::string user;
  std::string working_dir;
  std::vector<std::string> env;  ///< NAME=value, in the given order
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports;  ///< "8080/tcp"
  std::vector<std::string> volumes;        ///< "/data"
  std::string stop_signal;
  std::vector<DiffId> diff_ids;
  std::vector<History> history;
};

std::string to_json(const Manifest& manifest);
std::string to_json(const Index& index);
std::string to_json(const ImageConfig& config);
/// Manifests and indexes of Docker's media types are read, too: they have the same members.
Manifest parse_manifest(std::string_view json);
Index parse_index(std::string_view json);
ImageConfig parse_config(std::string_view json);

bool is_manifest_type(std::string_view media_type);  ///< OCI's or Docker's
bool is_index_type(std::string_view media_type);
/// The OCI media type for the same bytes of a layer; nothing for what is no layer that anybody may pass on
/// (Docker's "foreign" and OCI's "nondistributable" layers) or is of an unknown kind.
std::optional<std::string> layer_media_type(std::string_view media_type);

/// How the layers that mlbuild makes are compressed.
enum class LayerCompression { Gzip, Zstd };
/// How files of the layers that mlbuild makes can be fetched one by one: eStargz is of gzip, zstd:chunked of zstd.
enum class LazyFormat { None, Estargz, ZstdChunked };

/// [host[:port]/]path[:tag][@digest] (distribution reference grammar). A name without a host is kept without one.
struct Reference {
  std::string host;  ///< "" when none was written
  std::string repository;
  std::string tag;
  std::optional<BlobDigest> digest;
  static Reference parse(std::string_view text);  ///< throws Error{Usage} that says which part is wrong
  std::string to_string() const;
};

}  // namespace mlbuild::oci
