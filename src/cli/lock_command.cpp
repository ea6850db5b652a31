#include "commands.hpp"
#include "locking.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mlbuild::cli {
namespace {

struct LockOptions {
  std::string spec = "mlbuild.yaml";
  std::vector<std::string> upgrade;
  bool upgrade_all = false;
  bool check = false;
};

/// Names to upgrade must be locked now, else the word was a slip.
Upgrade upgrade_from(const LockOptions& options, const std::optional<Lock>& present) {
  Upgrade upgrade;
  upgrade.all = options.upgrade_all;
  std::vector<std::string> known;
  if (present) {
    for (const LockedImage& image : present->images) {
      for (const LockedFile& wheel : image.wheels) known.push_back(wheel.name);
      for (const LockedSdist& sdist : image.sdists) known.push_back(sdist.sdist.name);
      for (const LockedFile& dev : image.dev) known.push_back(dev.name);
    }
  }
  for (const std::string& text : options.upgrade) {
    const std::string name = python::normalize_name(text);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      Error error(ErrorKind::Usage, fmt::format("`{}` is not in the lock", name));
      if (const auto near = nearest_word(name, known)) error.hint(fmt::format("did you mean `{}`?", *near));
      throw error;
    }
    upgrade.names.insert(name);
  }
  return upgrade;
}

std::map<std::string, std::string> versions_of(const Lock& lock) {
  std::map<std::string, std::string> versions;
  for (const LockedImage& image : lock.images) {
    for (const LockedFile& wheel : image.wheels) versions[wheel.name] = wheel.version;
    for (const LockedSdist& sdist : image.sdists) versions[sdist.sdist.name] = sdist.sdist.version;
    for (const LockedDeb& deb : image.base) versions["deb:" + deb.name] = deb.version;
    for (const LockedDeb& deb : image.system_runtime) versions["deb:" + deb.name] = deb.version;
  }
  return versions;
}

/// "numpy 1.26.3 -> 1.26.4", one line per package that moved.
std::string moved_text(const std::optional<Lock>& before, const Lock& now) {
  if (!before) return {};
  const auto old_versions = versions_of(*before);
  const auto new_versions = versions_of(now);
  std::string text;
  for (const auto& [name, version] : new_versions) {
    const auto old = old_versions.find(name);
    if (old == old_versions.end()) text += fmt::format("  + {} {}\n", name, version);
    if (old != old_versions.end() && old->second != version)
      text += fmt::format("    {} {} -> {}\n", name, old->second, version);
  }
  for (const auto& [name, version] : old_versions) {
    if (!new_versions.contains(name)) text += fmt::format("  - {} {}\n", name, version);
  }
  return text;
}

std::string summary(const LockedImage& image) {
  std::uint64_t wheel_bytes = 0;
  for (const LockedFile& wheel : image.wheels) wheel_bytes += wheel.size_bytes;
  const std::string variant = image.variant.empty() ? "" : image.variant + " ";
  return fmt::format("  {}{}: {} wheels ({}), {} built from source, {} Debian packages, {} for development only\n",
                     variant, image.platform.to_string(), image.wheels.size(), human_bytes(wheel_bytes),
                     image.sdists.size(), image.base.size() + image.system_runtime.size(), image.dev.size());
}

int run_lock(const LockOptions& options, World& world) {
  const Spec spec = read_spec(options.spec);
  if (options.check) {
    ensure_lock(spec, LockPolicy::Locked, world);
    world.note(fmt::format("{} answers the spec\n", lock_path(spec).string()));
    return 0;
  }
  const std::optional<Lock> present = read_lock(spec);
  const Upgrade upgrade = upgrade_from(options, present);
  const Lock lock = resolve(spec, present, upgrade, world);
  world.end_progress();
  const bool same = present && to_json(*present) == to_json(lock);
  if (!same) write_lock(spec, lock);
  world.note(
      fmt::format("{} {}\n{}", same ? "unchanged:" : "locked", lock_path(spec).string(), moved_text(present, lock)));
  for (const LockedImage& image : lock.images) world.note(summary(image));
  if (world.json()) world.print(to_json(lock) + "\n");
  return 0;
}

}  // namespace

void add_lock_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<LockOptions>();
  CLI::App* command = program.add_subcommand("lock", "pin every byte that a spec asks for, in the lock beside it");
  command->add_option("SPEC", options->spec, "the spec (default: mlbuild.yaml)");
  command->add_option("--upgrade", options->upgrade, "move the pin of this package; may be given more than once");
  command->add_flag("--upgrade-all", options->upgrade_all, "move every pin to what the spec allows today");
  command->add_flag("--check", options->check, "only say whether the lock answers the spec");
  command->footer("example: mlbuild lock --upgrade boto3 specs/sklearn-train/mlbuild.yaml");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_lock(*options, world); }; });
}

}  // namespace mlbuild::cli
