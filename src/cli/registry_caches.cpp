#include "registry_caches.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::cli {
namespace {

/// One image after another: each costs two small requests.
class CacheReading {
 public:
  CacheReading(RegistryCache& cache, const std::vector<oci::Platform>& platforms, World& world)
      : cache_(cache), platforms_(platforms), world_(world) {}

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
                          [&] { return cache_.read(world_.registry(where.host), where, platforms_, use); });
    } catch (const Error& failure) {
      if (std::ranges::find(forgiven, failure.kind()) == forgiven.end()) throw;
      warn(fmt::format("`{}` is not used as a cache: {}", name, failure.message()));
      return true;
    }
  }

  void warn(std::string text) { world_.events().on(WarningRaised{std::move(text)}); }

  RegistryCache& cache_;
  const std::vector<oci::Platform>& platforms_;
  World& world_;
};

oci::Reference named_registry(const std::string& option, const std::string& name) {
  oci::Reference where = oci::Reference::parse(name);
  if (!where.host.empty()) return where;
  throw Error(ErrorKind::Usage, fmt::format("`{} {}` names no registry", option, name))
      .hint(fmt::format("write `{} HOST/NAME`, e.g. `registry.example/ml/{}`", option,
                        option == "--cache-to" ? "cache" : "churn-train:latest"));
}

}  // namespace

CacheNames cache_names(const std::vector<std::string>& cache_from, const std::vector<std::string>& cache_to) {
  CacheNames names;
  for (const std::string& name : cache_from) {
    oci::Reference where = named_registry("--cache-from", name);
    const bool is_image = !where.tag.empty() || where.digest;
    (is_image ? names.images : names.repositories).push_back(std::move(where));
  }
  for (const std::string& name : cache_to) {
    oci::Reference where = named_registry("--cache-to", name);
    if (!where.tag.empty() || where.digest) {
      throw Error(ErrorKind::Usage, fmt::format("`--cache-to {}` names an image", name))
          .hint(
              "name a repository without a tag, one that is there for the cache alone, e.g. "
              "`registry.example/ml/cache`");
    }
    names.kept.push_back(std::move(where));
  }
  return names;
}

std::vector<std::shared_ptr<CacheRepository>> read_registry_caches(RegistryCache& cache, const CacheChoice& choice,
                                                                   const std::vector<oci::Platform>& platforms,
                                                                   World& world) {
  CacheReading reading(cache, platforms, world);
  for (const PushTarget& target : choice.targets) reading.read_target(target.where, target.more_tags);
  for (const oci::Reference& source : choice.names.images) reading.read_source(source);
  const auto add = [&](const oci::Reference& where, RepositoryUse use) {
    const auto repository = std::make_shared<CacheRepository>(
        world.registry(where.host), where.repository, use,
        [&world](std::string text) { world.events().on(WarningRaised{std::move(text)}); });
    cache.add(repository);
    return repository;
  };
  std::vector<std::shared_ptr<CacheRepository>> kept;
  for (const oci::Reference& where : choice.names.kept) kept.push_back(add(where, RepositoryUse::Push));
  for (const oci::Reference& where : choice.names.repositories) add(where, RepositoryUse::Pull);
  return kept;
}

}  // namespace mlbuild::cli
