#include "registry_caches.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlbuild::cli {
namespace {

/// One image after another: each costs two small requests.
class CacheReading {
 public:
  CacheReading(RegistryCache& cache, const CacheChoice& choice, const std::vector<oci::Platform>& platforms,
               World& world)
      : cache_(cache), choice_(choice), platforms_(platforms), world_(world) {}

  void read_target(oci::Reference where, const std::vector<std::string>& more_tags) {
    read_leniently(where, RepositoryUse::Push, {ErrorKind::Foreign});
    for (const std::string& tag : more_tags) {
      where.tag = tag;
      read_leniently(where, RepositoryUse::Push, {ErrorKind::Foreign});
    }
  }

  void read_source(const oci::Reference& where) {
    if (!read_leniently(where, RepositoryUse::Pull, {ErrorKind::Foreign, ErrorKind::Network, ErrorKind::Step})) {
      warn(fmt::format("`--cache-from {}`: there is no such image", where.to_string()));
    }
  }

 private:
  bool read_leniently(const oci::Reference& where, RepositoryUse use, const std::vector<ErrorKind>& forgiven) {
    const std::string name = where.to_string();
    world_.events().on(ActivityStarted{fmt::format("reading what `{}` is made of", name)});
    try {
      return with_context([&] { return fmt::format("reading what `{}` is made of", name); },
                          [&] { return cache_.read(client_of(where.host), where, platforms_, use); });
    } catch (const Error& failure) {
      if (std::ranges::find(forgiven, failure.kind()) == forgiven.end()) throw;
      warn(fmt::format("`{}` is not used as a cache: {}", name, failure.message()));
      return true;
    }
  }

  void warn(std::string text) { world_.events().on(WarningRaised{std::move(text)}); }

  std::shared_ptr<RegistryClient> client_of(const std::string& host) {
    std::shared_ptr<RegistryClient>& client = clients_[host];
    if (!client) {
      client = std::make_shared<RegistryClient>(host, world_.http(), world_.credentials(), world_.cancellation(),
                                                registry_options(host, choice_.insecure_registries));
    }
    return client;
  }

  RegistryCache& cache_;
  const CacheChoice& choice_;
  const std::vector<oci::Platform>& platforms_;
  World& world_;
  std::map<std::string, std::shared_ptr<RegistryClient>> clients_;
};

}  // namespace

std::vector<oci::Reference> cache_sources(const std::vector<std::string>& names) {
  std::vector<oci::Reference> sources;
  for (const std::string& name : names) {
    oci::Reference where = oci::Reference::parse(name);
    if (where.host.empty()) {
      throw Error(ErrorKind::Usage, fmt::format("`--cache-from {}` names no registry", name))
          .hint("write `--cache-from HOST/NAME:TAG`, e.g. `registry.example/ml/churn-train:latest`");
    }
    if (where.tag.empty() && !where.digest) where.tag = "latest";
    sources.push_back(std::move(where));
  }
  return sources;
}

RegistryOptions registry_options(const std::string& host, const std::vector<std::string>& insecure_registries) {
  RegistryOptions options;
  options.plain_http = std::ranges::find(insecure_registries, host) != insecure_registries.end();
  return options;
}

void read_registry_caches(RegistryCache& cache, const CacheChoice& choice, const std::vector<oci::Platform>& platforms,
                          World& world) {
  CacheReading reading(cache, choice, platforms, world);
  for (const PushTarget& target : choice.targets) reading.read_target(target.where, target.more_tags);
  for (const oci::Reference& source : choice.sources) reading.read_source(source);
}

}  // namespace mlbuild::cli
