#include "mlbuild/base/error.hpp"
#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/lock/resolve.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

constexpr std::size_t kParallelDownloads = 8;

/// A package of `system.runtime` may be one that the base dropped: it is in the list twice then.
std::vector<LockedDeb> without_repetition(const std::vector<LockedDeb>& debs) {
  std::vector<LockedDeb> unique;
  std::set<std::string> seen;
  for (const LockedDeb& deb : debs) {
    if (seen.insert(deb.name).second) unique.push_back(deb);
  }
  return unique;
}

/// "3.11" when python3.11 is among the packages.
std::string python_version(const std::vector<LockedDeb>& debs) {
  constexpr std::string_view kPrefix = "python";
  for (const LockedDeb& deb : debs) {
    const std::string_view rest =
        std::string_view(deb.name).starts_with(kPrefix) ? std::string_view(deb.name).substr(kPrefix.size()) : "";
    const bool is_version =
        rest.size() > 2 && rest[1] == '.' && rest.find_first_not_of("0123456789.") == std::string_view::npos;
    if (is_version) return std::string(rest);
  }
  return "";
}

DebLayerRecipe recipe_of(const std::vector<LockedDeb>& debs) {
  std::vector<DebInput> inputs;
  for (const LockedDeb& deb : debs) inputs.push_back({deb.name, deb.version, deb.architecture, deb.sha256});
  DebLayerParameters parameters;
  parameters.is_base = true;
  parameters.deflate_level = 0;  // the layer is unpacked at once and never shipped
  parameters.venv_python = python_version(debs);
  return {std::move(inputs), std::move(parameters)};
}

void fetch_debs(const std::vector<LockedDeb>& debs, const ResolveContext& context) {
  parallel_for(kParallelDownloads, debs.size(), [&](std::size_t i) {
    const LockedDeb& deb = debs[i];
    context.cancellation.check();
    fetch_deb(context.http, context.store, context.site.require_debian(), deb.suite, deb.path, deb.sha256,
              deb.size_bytes, [](std::uint64_t) {});
  });
}

}  // namespace

std::filesystem::path debian_tree(const std::vector<LockedDeb>& debs, const ResolveContext& context) {
  const std::vector<LockedDeb> packages = without_repetition(debs);
  const DebLayerRecipe recipe = recipe_of(packages);
  const StepKey key = KeyCard("debian-tree", 1).set("layer", recipe.card().key().to_string()).key();
  return context.store.tree(key, [&](const std::filesystem::path& root) {
    context.on_activity(fmt::format("unpacking {} Debian packages for the sandbox", packages.size()));
    fetch_debs(packages, context);
    const std::unique_ptr<Source> layer = stream_layer(recipe, context.store, context.cancellation);
    unpack_layers({layer.get()}, root, context.cancellation);
  });
}

}  // namespace mlbuild
