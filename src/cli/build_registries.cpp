#include "build_registries.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::cli {

std::vector<std::string> BuildRegistries::places_of(const std::string& host, const BlobDigest& layer) const {
  std::vector<std::string> places = cache_.repositories_of(host, layer);
  if (base_ && base_->host == host && base_layers_.contains(layer)) places.insert(places.begin(), base_->repository);
  return places;
}

RegistryAccess BuildRegistries::access_to(const std::string& host) {
  RegistryAccess access{world_.http(), world_.credentials()};
  access.options = world_.registry_options(host);
  access.client = world_.registry(host);
  access.mount_from = options_.mount_from;
  access.places_of = [this, host](const BlobDigest& digest) { return places_of(host, digest); };
  for (const auto* sources : {&names_.images, &names_.kept, &names_.repositories}) {
    for (const oci::Reference& source : *sources) {
      if (source.host == host) access.mount_from.push_back(source.repository);
    }
  }
  return access;
}

void BuildRegistries::note_base(const SpecVariant& variant, const std::vector<BuildRequest>& requests) {
  const std::optional<ForeignBase>& base = variant.foreign_base;
  if (!base || base->kind != ForeignBase::Kind::Image) return;
  base_ = oci::Reference::parse(base->reference.value);
  for (const BuildRequest& request : requests) {
    if (!request.image->base_image) continue;
    for (const auto& layer : request.image->base_image->layers) base_layers_.insert(layer.blob.digest);
  }
}

void BuildRegistries::read_caches(const std::vector<PushTarget>& targets, const std::vector<BuildRequest>& requests) {
  std::vector<oci::Platform> platforms;
  for (const BuildRequest& request : requests) platforms.push_back(request.image->platform);
  const bool is_forced = std::ranges::any_of(requests, &BuildRequest::force);
  CacheChoice choice{targets, names_};
  if (is_forced) choice.targets.clear(), choice.names.images.clear();
  kept_ = read_registry_caches(cache_, choice, platforms, world_);
}

void BuildRegistries::keep_layers(const std::vector<BuildResult>& results, const std::vector<PushTarget>& targets,
                                  BlobStore& store) {
  std::vector<ImageLayer> layers;
  for (const BuildResult& result : results) {
    layers.insert(layers.end(), result.shared_layers.begin(), result.shared_layers.end());
  }
  for (const std::shared_ptr<CacheRepository>& repository : kept_) {
    world_.events().on(ActivityStarted{fmt::format("keeping layers in {}", repository->name())});
    std::vector<std::string> mount_from;
    for (const PushTarget& target : targets) {
      if (target.where.host == repository->client()->registry()) mount_from.push_back(target.where.repository);
    }
    repository->keep(layers, store, mount_from);
  }
}

}  // namespace mlbuild::cli
