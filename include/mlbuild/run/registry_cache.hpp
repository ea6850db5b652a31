#pragma once

#include "mlbuild/image/known_layers.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/plan/plan.hpp"
#include "mlbuild/registry/client.hpp"
#include "mlbuild/run/cache_repository.hpp"
#include "mlbuild/store/forwarding_store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// What registries have already, as told by the images of mlbuild that the user named, and by cache repositories where
/// no image tells of a step: which step made which layer. One manifest and one config tell it of a whole image; no
/// layer is read for it. Thread-safe after reading.
class RegistryCache {
 public:
  /// Reads the image behind `where` (with host and tag), of an index those of `platforms`. False when there is nothing.
  /// What another program pushed there tells nothing. Throws Error{Network}, or Error{Foreign} for what is malformed.
  /// Of two images that know a step, the first read counts. The client is shared by all images of its registry.
  bool read(const std::shared_ptr<RegistryClient>& client, const oci::Reference& where,
            const std::vector<oci::Platform>& platforms, RepositoryUse use);

  void add(std::shared_ptr<CacheRepository> repository) { repositories_.push_back(std::move(repository)); }
  /// Asks the cache repositories for steps that nothing here tells of, each step once. True when one of them knew more.
  bool ask(const std::vector<StepKey>& keys);

  std::optional<PlanLookups::RegistryLayer> layer(const StepKey& key) const;
  std::optional<PlanLookups::RegistryWheel> built_wheel(const StepKey& key) const;
  /// Whether one image has them all. Then mlbuild has put them together before, with the checks that belong to it.
  bool has_together(const std::vector<StepKey>& keys) const;

  /// Brings a layer into `store`, checked, from the first image that can give it. False when it is of no image here.
  /// Throws Error{Network, Foreign}.
  bool fetch(const BlobDigest& digest, BlobStore& store) const;
  /// The repositories of `registry` that have a layer, as far as is known.
  std::vector<std::string> repositories_of(const std::string& registry, const BlobDigest& digest) const;
  /// From now on the layer is not known: its registry has lost it.
  void forget(const BlobDigest& digest);

 private:
  struct ReadImage {
    std::shared_ptr<RegistryClient> client;
    std::string repository;
    std::string where;
    KnownLayers known;
  };
  struct Place {
    std::shared_ptr<RegistryClient> client;
    std::string repository;
    std::uint64_t size_bytes = 0;
  };
  void read_image(const std::shared_ptr<RegistryClient>& client, const oci::Reference& where,
                  const RegistryManifest& manifest);
  std::vector<Place> places_of(const BlobDigest& digest) const;
  static void fetch_from(const Place& place, const BlobDigest& digest, BlobStore& store);

  mutable std::mutex mutex_;
  std::vector<ReadImage> images_;
  std::vector<std::shared_ptr<CacheRepository>> repositories_;  ///< shared with whoever puts layers there later
};

/// The store, and behind it what registries have: a layer that is asked for and absent is fetched and kept; when its
/// registry has lost it, `make` must make it. For sinks that want the bytes of a layer that nobody made here.
class BackedStore final : public ForwardingStore {
 public:
  using MakeLayer = std::function<void(const BlobDigest&)>;
  /// `warn` is told why a layer could not be fetched. What is given by reference must outlive the store.
  BackedStore(BlobStore& store, RegistryCache& registry, MakeLayer make, std::function<void(std::string)> warn)
      : ForwardingStore(store), registry_(registry), make_(std::move(make)), warn_(std::move(warn)) {}

  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;

 private:
  void provide(const BlobDigest& digest);
  bool fetch(const BlobDigest& digest);

  RegistryCache& registry_;
  const MakeLayer make_;
  const std::function<void(std::string)> warn_;
  std::mutex mutex_;  // one at a time: making a layer uses all processors
};

}  // namespace mlbuild
