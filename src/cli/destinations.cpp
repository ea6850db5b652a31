#include "destinations.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <string_view>

namespace mlbuild::cli {
namespace {

constexpr std::string_view kRegistry = "registry:";

/// "" for outputs that are no registry.
std::string registry_host(const std::string& output) {
  if (!is_registry(output)) return "";
  return output.substr(kRegistry.size(), output.find('/') - kRegistry.size());
}

std::unique_ptr<ImageSink> sink_for(const std::string& output, BuildRegistries& registries, World& world) {
  const std::string host = registry_host(output);
  if (host.empty()) return local_sink(output, world);
  const RegistryAccess access = registries.access_to(host);
  return make_sink(output, &access);
}

}  // namespace

bool is_registry(const std::string& output) { return output.starts_with(kRegistry); }

std::unique_ptr<ImageSink> local_sink(const std::string& output, World& world) {
  if (output != "daemon") return make_sink(output);
  const DaemonAccess daemon{world.http(), daemon_sockets(whole_environment())};
  return make_sink(output, nullptr, &daemon);
}

std::string image_tag(const PublishOptions& options, const Spec& spec) {
  if (!options.tags.empty()) return options.tags.front();
  return spec.name + ":latest";
}

std::vector<Destination> output_destinations(const PublishOptions& options, BuildRegistries& registries, World& world) {
  std::vector<Destination> places;
  for (const std::string& output : options.outputs) {
    places.push_back({output, sink_for(output, registries, world), registry_host(output)});
  }
  return places;
}

std::vector<Destination> destinations(const PublishOptions& options, const Spec& spec, const std::string& default_tag,
                                      BuildRegistries& registries, World& world) {
  std::vector<Destination> places = output_destinations(options, registries, world);
  if (!options.push) return places;
  std::vector<oci::Reference> earlier;  // what was pushed to one repository need not be sent to the next
  for (const PushTarget& target : push_targets(options.tags, spec, default_tag)) {
    RegistryAccess access = registries.access_to(target.where.host);
    for (const oci::Reference& other : earlier) {
      if (other.host == target.where.host) access.mount_from.push_back(other.repository);
    }
    earlier.push_back(target.where);
    places.push_back(
        {target.where.to_string(), make_registry_sink(target.where, target.more_tags, access), target.where.host});
  }
  return places;
}

std::vector<PushTarget> registry_targets(const PublishOptions& options, const Spec& spec,
                                         const std::string& default_tag) {
  std::vector<PushTarget> targets;
  if (options.push) targets = push_targets(options.tags, spec, default_tag);
  for (const std::string& output : options.outputs) {
    if (!is_registry(output)) continue;
    oci::Reference where = oci::Reference::parse(output.substr(kRegistry.size()));
    if (where.tag.empty()) where.tag = oci::Reference::parse(image_tag(options, spec)).tag;
    if (where.tag.empty()) where.tag = "latest";
    targets.push_back({where, {}});
  }
  return targets;
}

EarlyUploads::EarlyUploads(const std::vector<Destination>& places, std::string tag, World& world)
    : tag_(std::move(tag)), store_(world.store()), cancellation_(world.cancellation()) {
  std::set<std::string> hosts;
  for (const Destination& place : places) {
    if (!place.host.empty() && hosts.insert(place.host).second) sinks_.push_back(place.sink.get());
  }
}

void EarlyUploads::ready(const ImageLayer& layer) {
  for (ImageSink* sink : sinks_) sink->prepare(layer, tag_, store_, cancellation_);
}

void EarlyUploads::check() {
  for (ImageSink* sink : sinks_) sink->check_prepared();
}

std::vector<PublishResult> publish(const std::vector<BuildResult>& results, const std::vector<Destination>& places,
                                   const std::string& tag, BlobStore& store, World& world) {
  std::vector<PublishResult> published;
  std::vector<Image> images;
  std::uint64_t bytes = 0;
  for (const BuildResult& result : results) {
    images.push_back(result.image);
    bytes += result.image.compressed_size_bytes();
  }
  const auto on_bytes = [&](std::uint64_t written) { world.events().on(BytesPublished{written}); };
  for (const Destination& place : places) {
    world.events().on(PublishStarted{place.name, bytes});
    published.push_back(
        with_context([&] { return fmt::format("writing the image to {}", place.name); },
                     [&] { return place.sink->put(images, tag, store, on_bytes, world.cancellation()); }));
  }
  return published;
}

}  // namespace mlbuild::cli
