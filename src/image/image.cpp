#include "mlbuild/image/image.hpp"

#include "annotations.hpp"
#include "layer_descriptor.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace mlbuild {
namespace {

constexpr std::string_view kDefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// RFC 3339 in UTC, which knows the years 0 to 9999 only.
std::string timestamp(std::int64_t epoch_seconds) {
  const std::time_t time = epoch_seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr || parts.tm_year < -1900 || parts.tm_year > 9999 - 1900) {
    throw Error(ErrorKind::Usage,
                fmt::format("{} seconds since 1970 are no date of the years 0 to 9999", epoch_seconds))
        .hint("set SOURCE_DATE_EPOCH to seconds, not milliseconds, or unset it");
  }
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/// PATH comes first when it is ours; then what the spec says, by name.
std::vector<std::string> environment(const RunConfig& config) {
  std::vector<std::string> env;
  if (!config.env.contains("PATH")) env.emplace_back(kDefaultPath);
  for (const auto& [name, value] : config.env) env.push_back(fmt::format("{}={}", name, value));
  return env;
}

oci::ImageConfig image_config(const std::vector<ImageLayer>& layers, const RunConfig& config,
                              const oci::Platform& platform, std::int64_t epoch) {
  oci::ImageConfig image;
  image.platform = platform;
  image.created = timestamp(epoch);
  image.user = config.user;
  image.working_dir = config.workdir;
  image.env = environment(config);
  image.entrypoint = config.entrypoint;
  image.cmd = config.cmd;
  image.labels = config.labels;
  image.exposed_ports = config.exposed_ports;
  std::sort(image.exposed_ports.begin(), image.exposed_ports.end());
  image.stop_signal = config.stop_signal;
  for (const ImageLayer& layer : layers) {
    image.diff_ids.push_back(layer.facts.diff_id);
    image.history.push_back({layer.created_by, false});
  }
  return image;
}

oci::Descriptor describe(std::string_view media_type, std::string_view json) {
  oci::Descriptor descriptor;
  descriptor.media_type = media_type;
  descriptor.digest = BlobDigest(sha256(json));
  descriptor.size_bytes = json.size();
  return descriptor;
}

}  // namespace

oci::Descriptor layer_descriptor(const ImageLayer& layer) {
  oci::Descriptor descriptor;
  descriptor.media_type = layer.facts.media_type;
  descriptor.digest = layer.facts.digest;
  descriptor.size_bytes = layer.facts.size_bytes;
  descriptor.annotations.emplace(annotation::kKey, layer.key.to_string());
  descriptor.annotations.emplace(annotation::kPlainSize, fmt::format("{}", layer.facts.plain_size_bytes));
  for (const BuiltWheelNote& wheel : layer.built_wheels) {
    descriptor.annotations.emplace(fmt::format("{}{}", annotation::kBuiltPrefix, wheel.key.hex()),
                                   fmt::format("{} {}", wheel.digest.to_string(), wheel.filename));
  }
  return descriptor;
}

std::uint64_t Image::compressed_size_bytes() const {
  std::uint64_t sum = config.size_bytes;
  for (const ImageLayer& layer : layers) sum += layer.facts.size_bytes;
  return sum;
}

std::uint64_t Image::plain_size_bytes() const {
  std::uint64_t sum = 0;
  for (const ImageLayer& layer : layers) sum += layer.facts.plain_size_bytes;
  return sum;
}

Image compose_image(const std::vector<ImageLayer>& layers, const RunConfig& config, const oci::Platform& platform,
                    std::int64_t created_epoch_seconds) {
  Image image;
  image.platform = platform;
  image.layers = layers;
  image.config_json = oci::to_json(image_config(layers, config, platform, created_epoch_seconds));
  image.config = describe(oci::kConfigMediaType, image.config_json);
  oci::Manifest manifest;
  manifest.config = image.config;
  for (const ImageLayer& layer : layers) manifest.layers.push_back(layer_descriptor(layer));
  image.manifest_json = oci::to_json(manifest);
  image.manifest = describe(oci::kManifestMediaType, image.manifest_json);
  image.manifest.platform = platform;
  return image;
}

}  // namespace mlbuild
