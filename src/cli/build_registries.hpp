#pragma once

#include "push_targets.hpp"
#include "registry_caches.hpp"
#include "world.hpp"

#include "mlbuild/publish/sink.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlbuild::cli {

/// What the user says on where images go, and where layers may be found.
struct PublishOptions {
  std::vector<std::string> tags;
  std::vector<std::string> outputs;
  std::vector<std::string> mount_from;
  std::vector<std::string> cache_from;
  std::vector<std::string> cache_to;
  bool push = false;
};

/// What one build knows of registries.
class BuildRegistries {
 public:
  /// What is given must outlive it.
  BuildRegistries(const PublishOptions& options, World& world)
      : options_(options), world_(world), names_(cache_names(options.cache_from, options.cache_to)) {}
  BuildRegistries(const BuildRegistries&) = delete;
  BuildRegistries& operator=(const BuildRegistries&) = delete;

  RegistryCache& cache() { return cache_; }
  /// What a sink needs; it knows where layers can be mounted from.
  RegistryAccess access_to(const std::string& host);
  /// The layers of a base in a registry are mounted from where they are.
  void note_base(const SpecVariant& variant, const std::vector<BuildRequest>& requests);
  /// What the user named as places to push to or to take from; what is forced asks nobody.
  void read_caches(const std::vector<PushTarget>& targets, const std::vector<BuildRequest>& requests);
  /// Puts the layers that other images may want into the cache repositories.
  void keep_layers(const std::vector<BuildResult>& results, const std::vector<PushTarget>& targets, BlobStore& store);

 private:
  std::vector<std::string> places_of(const std::string& host, const BlobDigest& layer) const;

  const PublishOptions& options_;
  World& world_;
  const CacheNames names_;
  RegistryCache cache_;
  std::vector<std::shared_ptr<CacheRepository>> kept_;  ///< where layers are put for other images
  std::optional<oci::Reference> base_;                  ///< when a registry has it
  std::set<BlobDigest> base_layers_;
};

}  // namespace mlbuild::cli
