#include "mlbuild/image/image.hpp"

#include "annotations.hpp"
#include "layer_descriptor.hpp"
#include "layer_packages.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/timestamp.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <set>

namespace mlbuild {
namespace {

constexpr std::string_view kDefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string timestamp(std::int64_t epoch_seconds) {
  if (const std::optional<std::string> text = rfc3339(epoch_seconds)) return *text;
  throw Error(ErrorKind::Usage, fmt::format("{} seconds since 1970 are no date of the years 0 to 9999", epoch_seconds))
      .hint("set SOURCE_DATE_EPOCH to seconds, not milliseconds, or unset it");
}

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

/// PATH comes first when it is ours; then what the base has, each in its place; then what the spec says, by name.
std::vector<std::string> environment(const RunConfig& config, const oci::ImageConfig& base) {
  std::vector<std::string> env;
  std::set<std::string, std::less<>> written;
  for (const std::string& variable : base.env) {
    const std::string name(name_of(variable));
    const auto own = config.env.find(name);
    env.push_back(own == config.env.end() ? variable : fmt::format("{}={}", name, own->second));
    written.insert(name);
  }
  if (!config.env.contains("PATH") && !written.contains("PATH")) env.emplace(env.begin(), kDefaultPath);
  for (const auto& [name, value] : config.env) {
    if (!written.contains(name)) env.push_back(fmt::format("{}={}", name, value));
  }
  return env;
}

std::string either(const std::string& own, const std::string& inherited) { return own.empty() ? inherited : own; }

void set_command(oci::ImageConfig& image, const RunConfig& config, const oci::ImageConfig& base) {
  const bool has_entrypoint = !config.entrypoint.empty() || config.clears_entrypoint;
  image.entrypoint = has_entrypoint ? config.entrypoint : base.entrypoint;
  const bool has_cmd = !config.cmd.empty() || config.clears_cmd || has_entrypoint;
  image.cmd = has_cmd ? config.cmd : base.cmd;
}

/// One entry for each layer of the base, or what its config tells when that fits.
std::vector<oci::ImageConfig::History> base_history(const std::vector<ImageLayer>& layers,
                                                    const oci::ImageConfig& base) {
  const auto count = std::ranges::count_if(layers, &ImageLayer::is_base);
  const auto told = std::ranges::count_if(base.history, [](const auto& step) { return !step.empty_layer; });
  if (told == count) return base.history;
  std::vector<oci::ImageConfig::History> history;
  for (const ImageLayer& layer : layers) {
    if (layer.is_base) history.push_back({layer.created_by, false});
  }
  return history;
}

oci::ImageConfig image_config(const std::vector<ImageLayer>& layers, const RunConfig& config,
                              const oci::Platform& platform, std::int64_t epoch, const oci::ImageConfig& base) {
  oci::ImageConfig image;
  image.platform = platform;
  image.created = timestamp(epoch);
  image.user = either(config.user, base.user);
  image.working_dir = either(config.workdir, base.working_dir);
  image.env = environment(config, base);
  set_command(image, config, base);
  image.labels = config.labels;
  image.labels.insert(base.labels.begin(), base.labels.end());
  image.exposed_ports = config.exposed_ports;
  image.exposed_ports.insert(image.exposed_ports.end(), base.exposed_ports.begin(), base.exposed_ports.end());
  std::sort(image.exposed_ports.begin(), image.exposed_ports.end());
  image.volumes = base.volumes;
  image.stop_signal = either(config.stop_signal, base.stop_signal);
  image.history = base_history(layers, base);
  for (const ImageLayer& layer : layers) {
    image.diff_ids.push_back(layer.facts.diff_id);
    if (!layer.is_base) image.history.push_back({layer.created_by, false});
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
  descriptor.annotations = layer.facts.annotations;
  if (layer.is_base) return descriptor;
  descriptor.annotations.emplace(annotation::kKey, layer.key.to_string());
  descriptor.annotations.emplace(annotation::kPlainSize, fmt::format("{}", layer.facts.plain_size_bytes));
  descriptor.annotations.emplace(annotation::kPackages, packages_to_annotation(layer.facts.packages));
  for (const BuiltWheelNote& wheel : layer.built_wheels) {
    descriptor.annotations.emplace(fmt::format("{}{}", annotation::kBuiltPrefix, wheel.key.hex()),
                                   fmt::format("{} {}", wheel.digest.to_string(), wheel.filename));
  }
  return descriptor;
}

std::vector<std::string> layer_names(const oci::ImageConfig& config, const oci::Manifest& manifest) {
  std::vector<std::string> names;
  for (const oci::ImageConfig::History& line : config.history) {
    if (!line.empty_layer) names.push_back(line.created_by);
  }
  if (names.size() == manifest.layers.size()) return names;
  names.clear();
  for (const oci::Descriptor& layer : manifest.layers) names.push_back(layer.digest.to_string());
  return names;
}

std::optional<std::int64_t> created_epoch_seconds(const oci::ImageConfig& config) {
  std::tm parts{};
  const char* end = ::strptime(config.created.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const std::int64_t seconds = ::timegm(&parts);
  return timestamp(seconds) == config.created ? std::optional(seconds) : std::nullopt;
}

std::optional<std::string> build_record_of(const oci::Manifest& manifest) {
  const auto found = manifest.annotations.find(std::string(annotation::kBuild));
  if (found == manifest.annotations.end()) return std::nullopt;
  return found->second;
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
                    std::int64_t created_epoch_seconds, const oci::ImageConfig* base, std::string_view build_record) {
  Image image;
  image.platform = platform;
  image.layers = layers;
  image.config_json = oci::to_json(
      image_config(layers, config, platform, created_epoch_seconds, base == nullptr ? oci::ImageConfig{} : *base));
  image.config = describe(oci::kConfigMediaType, image.config_json);
  oci::Manifest manifest;
  manifest.config = image.config;
  for (const ImageLayer& layer : layers) manifest.layers.push_back(layer_descriptor(layer));
  if (!build_record.empty()) manifest.annotations.emplace(annotation::kBuild, build_record);
  image.manifest_json = oci::to_json(manifest);
  image.manifest = describe(oci::kManifestMediaType, image.manifest_json);
  image.manifest.platform = platform;
  return image;
}

}  // namespace mlbuild
