#pragma once

#include "push_targets.hpp"
#include "world.hpp"

#include "mlbuild/registry/client.hpp"
#include "mlbuild/run/registry_cache.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild::cli {

/// What `--cache-from` and `--cache-to` name, all with a host.
struct CacheNames {
  std::vector<oci::Reference> images;        ///< `--cache-from HOST/NAME:TAG`
  std::vector<oci::Reference> repositories;  ///< `--cache-from HOST/NAME`: cache repositories that are only read
  std::vector<oci::Reference> kept;          ///< `--cache-to HOST/NAME`: read, and added to
};

/// Throws Error{Usage} for what names no registry, and for a `--cache-to` with a tag.
CacheNames cache_names(const std::vector<std::string>& cache_from, const std::vector<std::string>& cache_to);

/// Which places are asked for layers that need not be made.
struct CacheChoice {
  std::vector<PushTarget> targets;  ///< what is behind their tags now
  CacheNames names;
};

/// Reads the images, and adds the cache repositories, which are read when it is known what is wanted of them. A push
/// target that cannot be reached is an error, as the push itself would be; everything else is a warning: a cache only
/// saves time. Returns those repositories that layers are to be kept in.
std::vector<std::shared_ptr<CacheRepository>> read_registry_caches(RegistryCache& cache, const CacheChoice& choice,
                                                                   const std::vector<oci::Platform>& platforms,
                                                                   World& world);

}  // namespace mlbuild::cli
