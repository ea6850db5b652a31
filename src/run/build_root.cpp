#include "build_root.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/tree.hpp"

#include <set>

namespace mlbuild {
namespace {

constexpr int kNoCompression = 0;  // these layers are unpacked at once and never shipped

/// A package may be both in the base and among what the spec asks for on top of it.
std::vector<DebInput> each_once(const std::vector<DebInput>& packages) {
  std::vector<DebInput> unique;
  std::set<std::string> seen;
  for (const DebInput& package : packages) {
    if (seen.insert(package.name).second) unique.push_back(package);
  }
  return unique;
}

DebLayerRecipe deb_recipe(const SdistBuildInputs& inputs) {
  DebLayerParameters parameters;
  parameters.epoch_seconds = inputs.epoch_seconds;
  parameters.deflate_level = kNoCompression;
  parameters.is_base = true;
  parameters.venv_python = inputs.scheme.python_version;
  return {each_once(inputs.root_packages), std::move(parameters), inputs.unpacked_debs};
}

WheelLayerRecipe wheel_recipe(const SdistBuildInputs& inputs) {
  WheelLayerParameters parameters;
  parameters.scheme = inputs.scheme;
  parameters.epoch_seconds = inputs.epoch_seconds;
  parameters.deflate_level = kNoCompression;
  return {inputs.build_requirements, std::move(parameters)};
}

}  // namespace

std::filesystem::path build_root(const SdistBuildInputs& inputs, DiskStore& store, const Cancellation& cancellation) {
  const DebLayerRecipe debs = deb_recipe(inputs);
  const WheelLayerRecipe wheels = wheel_recipe(inputs);
  KeyCard card("build-root", 1);
  card.set("packages", debs.card().key().to_string());
  if (!inputs.build_requirements.empty()) card.set("wheels", wheels.card().key().to_string());
  return store.tree(card.key(), [&](const std::filesystem::path& root) {
    with_context([] { return std::string("making a root of Debian packages"); },
                 [&] {
                   const std::unique_ptr<Source> deb_layer = stream_layer(debs, store, cancellation);
                   const std::unique_ptr<Source> wheel_layer = stream_layer(wheels, store, cancellation);
                   std::vector<Source*> order{deb_layer.get()};
                   if (!inputs.build_requirements.empty()) order.push_back(wheel_layer.get());
                   unpack_layers(order, root, cancellation);
                 });
  });
}

}  // namespace mlbuild
