#pragma once

#include "push_targets.hpp"
#include "world.hpp"

#include "mlbuild/run/registry_cache.hpp"

#include <string>
#include <vector>

namespace mlbuild::cli {

/// Which images are asked for layers that need not be made.
struct CacheChoice {
  std::vector<PushTarget> targets;      ///< what is behind their tags now
  std::vector<oci::Reference> sources;  ///< `--cache-from`
  std::vector<std::string> insecure_registries;
};

/// `--cache-from HOST/NAME[:TAG]`; throws Error{Usage} for what names no registry.
std::vector<oci::Reference> cache_sources(const std::vector<std::string>& names);

/// Whether the user said that `host` speaks http.
RegistryOptions registry_options(const std::string& host, const std::vector<std::string>& insecure_registries);

/// Reads them all. A push target that cannot be reached is an error, as the push itself would be; `--cache-from` and
/// images that make no sense are warnings: a cache only saves time.
void read_registry_caches(RegistryCache& cache, const CacheChoice& choice, const std::vector<oci::Platform>& platforms,
                          World& world);

}  // namespace mlbuild::cli
