#include "locking.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::cli {
namespace {

/// Without a lock nothing fixes the version of an unpinned requirement: the first one is the place to show.
[[noreturn]] void refuse_missing(const Spec& spec) {
  for (const python::Requirement& requirement : spec.variants.front().runtime.requirements) {
    if (requirement.is_pinned()) continue;
    throw Error(ErrorKind::Spec, fmt::format("requirement `{}` is not pinned, and there is no lock `{}`",
                                             requirement.text, lock_path(spec).string()))
        .at(requirement.location)
        .hint(fmt::format("run `mlbuild lock {}` and commit the lock; `--locked` makes none", spec.path.string()));
  }
  throw Error(ErrorKind::Spec,
              fmt::format("there is no lock `{}`, and `--locked` makes none", lock_path(spec).string()))
      .hint(fmt::format("run `mlbuild lock {}` and commit the lock", spec.path.string()));
}

[[noreturn]] void refuse_stale(const Spec& spec, const std::vector<std::string>& changes) {
  Error error(ErrorKind::Spec,
              fmt::format("the lock `{}` no longer answers the spec, and `--locked` does not change it",
                          lock_path(spec).string()));
  for (const std::string& change : changes) error.while_doing("changed: " + change);
  throw error.hint(fmt::format("run `mlbuild lock {}` and commit the lock", spec.path.string()));
}

}  // namespace

std::filesystem::path lock_path(const Spec& spec) {
  return std::filesystem::path(spec.path).replace_extension(".lock");
}

std::optional<Lock> read_lock(const Spec& spec) {
  const std::filesystem::path path = lock_path(spec);
  if (!std::filesystem::exists(path)) return std::nullopt;
  return parse_lock(read_text_file(path), path.string());
}

void write_lock(const Spec& spec, const Lock& lock) {
  const std::filesystem::path path = lock_path(spec);
  remove_abandoned_files(path.has_parent_path() ? path.parent_path() : ".");
  write_file_atomically(path, to_json(lock));
}

ResolveContext resolve_context(World& world) {
  EventSink& events = world.events();
  return {world.http(),
          world.store(),
          world.sandbox(),
          world.site(),
          world.cancellation(),
          world.threads(),
          [&events](const std::string& text) { events.on(ActivityStarted{text}); },
          [&world](const Spec& spec, const ForeignBase& base) { return world.open_base(spec, base); }};
}

Lock resolve(const Spec& spec, const std::optional<Lock>& previous, const Upgrade& upgrade, World& world) {
  return resolve_lock(spec, previous, upgrade, resolve_context(world));
}

Lock ensure_lock(const Spec& spec, LockPolicy policy, World& world) {
  const std::optional<Lock> present = read_lock(spec);
  const std::vector<std::string> changes = present ? explain_stale(*present, spec) : std::vector<std::string>{};
  if (present && changes.empty()) return *present;
  if (policy == LockPolicy::Locked) {
    if (!present) refuse_missing(spec);
    refuse_stale(spec, changes);
  }
  for (const std::string& change : changes) world.note(fmt::format("locking again: {}\n", change));
  Lock lock = resolve(spec, present, Upgrade{}, world);
  if (policy == LockPolicy::Update) {
    write_lock(spec, lock);
    world.note(fmt::format("locked {}\n", lock_path(spec).string()));
  }
  return lock;
}

std::vector<const LockedImage*> chosen_images(const Spec& spec, const Lock& lock, const std::string& variant,
                                              const std::vector<std::string>& platforms) {
  spec.variant(variant);  // the lock has no image for an unknown one either, but does not know why
  std::vector<oci::Platform> wanted;
  for (const std::string& text : platforms) wanted.push_back(oci::Platform::parse(text));
  if (wanted.empty()) wanted = spec.platforms;
  std::vector<const LockedImage*> images;
  for (const oci::Platform& platform : wanted) {
    const LockedImage* image = lock.find(variant, platform);
    if (image == nullptr) {
      std::vector<std::string> known;
      for (const oci::Platform& other : spec.platforms) known.push_back(other.to_string());
      throw Error(ErrorKind::Usage, fmt::format("the spec is not built for platform `{}`", platform.to_string()))
          .hint(
              fmt::format("it names {}; add the platform to `platforms` in {}", join(known, ", "), spec.path.string()));
    }
    if (std::ranges::find(images, image) == images.end()) images.push_back(image);  // `--platform` may repeat itself
  }
  return images;
}

}  // namespace mlbuild::cli
