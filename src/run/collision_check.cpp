#include "collision_check.hpp"

#include "mlbuild/layer/wheel_layer.hpp"

namespace mlbuild {
namespace {

KeyCard collision_card(const Plan& plan, const InstallScheme& scheme) {
  KeyCard card("wheel-collisions", 1);
  for (const WheelInput& wheel : plan.wheels) card.set("wheel " + wheel.filename, wheel.digest.to_string());
  card.set("purelib", scheme.purelib).set("platlib", scheme.platlib).set("scripts", scheme.scripts);
  card.set("headers", scheme.headers).set("data", scheme.data);
  return card;
}

}  // namespace

void check_collisions(const Plan& plan, const InstallScheme& scheme, DiskStore& store) {
  const StepKey key = collision_card(plan, scheme).key();
  if (plan.wheels.size() < 2 || store.get(key)) return;
  check_wheel_collisions(plan.wheels, scheme, store);
  store.put(key, "{}");
}

}  // namespace mlbuild
