#include "mlbuild/run/registry_cache.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::uint64_t kConfigLimitBytes = 4U << 20U;  // ours have a line and a digest for each layer
constexpr std::size_t kMaxChildren = 16;                // an index of more than that is not ours

/// A manifest was just given: a config that cannot be had is a damaged image, not a registry out of reach.
oci::ImageConfig read_config(RegistryClient& client, const std::string& repository, const oci::Descriptor& config) {
  if (config.size_bytes > kConfigLimitBytes) {
    throw Error(ErrorKind::Foreign, fmt::format("its config has {} bytes", config.size_bytes));
  }
  std::optional<BytesSink> json;
  try {
    client.fetch_blob(repository, config, [&]() -> Sink& { return json.emplace(kConfigLimitBytes); });
  } catch (const Error& failure) {
    if (failure.kind() != ErrorKind::Network) throw;
    throw Error(ErrorKind::Foreign, fmt::format("its config cannot be read: {}", failure.message()));
  }
  return oci::parse_config(json->text());
}

}  // namespace

bool RegistryCache::read(const std::shared_ptr<RegistryClient>& client, const oci::Reference& where,
                         const std::vector<oci::Platform>& platforms, RepositoryUse use) {
  const std::string reference = where.digest ? where.digest->to_string() : where.tag;
  const std::optional<RegistryManifest> top = client->fetch_manifest(where.repository, reference, use);
  if (!top) return false;
  if (top->media_type == oci::kManifestMediaType) read_image(client, where, *top);
  if (top->media_type != oci::kIndexMediaType) return true;
  const oci::Index index = oci::parse_index(top->bytes);
  if (index.manifests.size() > kMaxChildren) return true;
  for (const oci::Descriptor& child : index.manifests) {
    if (!child.platform || std::ranges::find(platforms, *child.platform) == platforms.end()) continue;
    const auto manifest = client->fetch_manifest(where.repository, child.digest.to_string(), use);
    if (manifest && manifest->media_type == oci::kManifestMediaType) read_image(client, where, *manifest);
  }
  return true;
}

void RegistryCache::read_image(const std::shared_ptr<RegistryClient>& client, const oci::Reference& where,
                               const RegistryManifest& bytes) {
  const oci::Manifest manifest = oci::parse_manifest(bytes.bytes);
  if (!has_known_layers(manifest)) return;
  KnownLayers known = known_layers(manifest, read_config(*client, where.repository, manifest.config));
  const std::scoped_lock lock(mutex_);
  images_.push_back({client, where.repository, where.to_string(), std::move(known)});
}

bool RegistryCache::ask(const std::vector<StepKey>& keys) {
  bool knew = false;
  for (const std::shared_ptr<CacheRepository>& repository : repositories_) {
    std::vector<StepKey> unknown;
    std::ranges::copy_if(keys, std::back_inserter(unknown), [&](const StepKey& key) { return !layer(key); });
    std::vector<KnownLayers> found = repository->find(unknown);
    knew = knew || !found.empty();
    const std::scoped_lock lock(mutex_);
    for (KnownLayers& known : found) {
      images_.push_back({repository->client(), repository->repository(), repository->name(), std::move(known)});
    }
  }
  return knew;
}

std::optional<PlanLookups::RegistryLayer> RegistryCache::layer(const StepKey& key) const {
  const std::scoped_lock lock(mutex_);
  for (const ReadImage& image : images_) {
    const auto found = image.known.layers.find(key);
    if (found != image.known.layers.end()) return PlanLookups::RegistryLayer{found->second, image.where};
  }
  return std::nullopt;
}

std::optional<PlanLookups::RegistryWheel> RegistryCache::built_wheel(const StepKey& key) const {
  const std::scoped_lock lock(mutex_);
  for (const ReadImage& image : images_) {
    const auto found = image.known.built_wheels.find(key);
    if (found == image.known.built_wheels.end()) continue;
    return PlanLookups::RegistryWheel{{found->second.filename, found->second.digest}, image.where};
  }
  return std::nullopt;
}

bool RegistryCache::has_together(const std::vector<StepKey>& keys) const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(images_, [&](const ReadImage& image) {
    return std::ranges::all_of(keys, [&](const StepKey& key) { return image.known.layers.contains(key); });
  });
}

std::vector<RegistryCache::Place> RegistryCache::places_of(const BlobDigest& digest) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Place> places;
  for (const ReadImage& image : images_) {
    const auto found =
        std::ranges::find_if(image.known.layers, [&](const auto& layer) { return layer.second.digest == digest; });
    if (found == image.known.layers.end()) continue;
    places.push_back({image.client, image.repository, found->second.size_bytes});
  }
  return places;
}

std::vector<std::string> RegistryCache::repositories_of(const std::string& registry, const BlobDigest& digest) const {
  std::vector<std::string> repositories;
  for (const Place& place : places_of(digest)) {
    if (place.client->registry() == registry) repositories.push_back(place.repository);
  }
  return repositories;
}

bool RegistryCache::fetch(const BlobDigest& digest, BlobStore& store) const {
  std::optional<Error> failure;
  for (const Place& place : places_of(digest)) {
    try {
      fetch_from(place, digest, store);
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Network && error.kind() != ErrorKind::Foreign) throw;
      failure = error;  // another image may have it
    }
  }
  if (failure) throw Error(*failure);
  return false;
}

void RegistryCache::fetch_from(const Place& place, const BlobDigest& digest, BlobStore& store) {
  oci::Descriptor descriptor;
  descriptor.digest = digest;
  descriptor.size_bytes = place.size_bytes;
  std::unique_ptr<BlobWriter> writer;
  place.client->fetch_blob(place.repository, descriptor, [&]() -> Sink& {
    writer = store.begin();
    return *writer;
  });
  writer->commit(digest);
}

void RegistryCache::forget(const BlobDigest& digest) {
  const std::scoped_lock lock(mutex_);
  for (ReadImage& image : images_) {
    std::erase_if(image.known.layers, [&](const auto& layer) { return layer.second.digest == digest; });
  }
}

std::unique_ptr<RandomAccess> BackedStore::open(const BlobDigest& digest) {
  provide(digest);
  return inner().open(digest);
}

std::unique_ptr<Source> BackedStore::stream(const BlobDigest& digest) {
  provide(digest);
  return inner().stream(digest);
}

void BackedStore::provide(const BlobDigest& digest) {
  if (inner().find(digest)) return;
  const std::scoped_lock lock(mutex_);
  if (inner().find(digest) || fetch(digest)) return;
  registry_.forget(digest);
  make_(digest);
  if (inner().find(digest)) return;
  throw Error(ErrorKind::Foreign,
              fmt::format("layer {} is in no registry any more, and made again it has other bytes", digest.to_string()))
      .hint("build with `--force`, which takes nothing from registries");
}

bool BackedStore::fetch(const BlobDigest& digest) {
  try {
    return registry_.fetch(digest, inner());
  } catch (const Error& failure) {
    if (failure.kind() != ErrorKind::Network && failure.kind() != ErrorKind::Foreign) throw;
    warn_(fmt::format("a layer that the registry should have is made instead: {}", failure.message()));
    return false;
  }
}

}  // namespace mlbuild
