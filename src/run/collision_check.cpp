#include "collision_check.hpp"

#include "mlbuild/layer/wheel_layer.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

KeyCard collision_card(const Plan& plan, const InstallScheme& scheme, const python::PrunePolicy& prune) {
  KeyCard card("wheel-collisions", 1);
  for (const WheelInput& wheel : plan.wheels) card.set("wheel " + wheel.filename, wheel.digest.to_string());
  card.set("purelib", scheme.purelib).set("platlib", scheme.platlib).set("scripts", scheme.scripts);
  card.set("headers", scheme.headers).set("data", scheme.data);
  if (prune.any()) card.set("prune", prune.canonical());
  return card;
}

/// Keys of the layers that hold wheels.
std::vector<StepKey> wheel_layers(const Plan& plan) {
  std::vector<StepKey> keys;
  for (const Step& step : plan.steps) {
    if (step.kind == StepKind::Layer && step.card && step.card->kind() == kWheelLayerKind) {
      keys.push_back(step.card->key());
    }
  }
  return keys;
}

}  // namespace

void check_collisions(const Plan& plan, const InstallScheme& scheme, const python::PrunePolicy& prune,
                      const BuildContext& context) {
  DiskStore& store = context.store;
  const StepKey key = collision_card(plan, scheme, prune).key();
  if (plan.wheels.size() < 2 || store.get(key)) return;
  std::vector<WheelInput> here;
  for (const WheelInput& wheel : plan.wheels) {
    if (store.find(wheel.digest)) here.push_back(wheel);
  }
  const std::size_t elsewhere = plan.wheels.size() - here.size();
  if (elsewhere > 0 && context.registry != nullptr && context.registry->has_together(wheel_layers(plan))) return;
  check_wheel_collisions(here, scheme, store, prune);
  if (elsewhere == 0) {
    store.put(key, "{}");
    return;
  }
  context.events.on(WarningRaised{
      fmt::format("{} of {} wheels are in the registry only: whether they and the others bring different files "
                  "for one path was not checked",
                  elsewhere, plan.wheels.size())});
}

}  // namespace mlbuild
