#include "built_image.hpp"

#include "bases.hpp"
#include "epoch.hpp"
#include "locking.hpp"

#include "mlbuild/run/host_platform.hpp"

namespace mlbuild::cli {

BuiltImage build_from_spec(const SpecChoice& choice, World& world) {
  BuiltImage built;
  built.spec = std::make_unique<const Spec>(read_spec(choice.spec));
  built.request.spec = built.spec.get();
  built.request.variant = &built.spec->variant(choice.variant);
  const LockPolicy policy = choice.locked ? LockPolicy::Locked : LockPolicy::Update;
  built.lock = std::make_unique<const Lock>(ensure_lock(*built.spec, policy, world));
  const std::string platform = choice.platform.empty() ? host_platform().to_string() : choice.platform;
  built.request.image = chosen_images(*built.spec, *built.lock, choice.variant, {platform}).front();
  built.request.epoch_seconds = epoch_from_environment();
  built.image = build_image(built.request, world.build_context()).image;
  auto layers = std::make_unique<BaseBlobs>(world.store());
  add_bases(*layers, {built.request}, world);
  built.layers = std::move(layers);
  return built;
}

}  // namespace mlbuild::cli
