#include "commands.hpp"
#include "locking.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"
#include "mlbuild/sys/file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild::cli {
namespace {

struct LockOptions {
  std::string spec = "mlbuild.yaml";
  std::vector<std::string> upgrade;
  std::vector<std::string> insecure_registries;
  bool upgrade_all = false;
  bool check = false;
};

/// A lock that nobody can read, as after a merge with conflicts, is as good as none. One that a newer mlbuild wrote is
/// not, nor one whose pins are to be moved one by one.
std::optional<Lock> previous_lock(const Spec& spec, const LockOptions& options, World& world) {
  try {
    return read_lock(spec);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Spec || !options.upgrade.empty()) throw;
    if (is_of_later_release(read_text_file(lock_path(spec)))) throw;
    world.events().on(WarningRaised{
        fmt::format("{} cannot be read ({}); every pin is chosen afresh", lock_path(spec).string(), error.message())});
    return std::nullopt;
  }
}

std::set<std::string> python_names(const Lock& lock) {
  std::set<std::string> names;
  for (const LockedImage& image : lock.images) {
    for (const LockedFile& wheel : image.wheels) names.insert(wheel.name);
    for (const LockedSdist& sdist : image.sdists) {
      names.insert(sdist.sdist.name);
      for (const LockedFile& needed : sdist.build_requirements) names.insert(needed.name);
    }
    for (const LockedFile& dev : image.dev) names.insert(dev.name);
  }
  return names;
}

bool has_debian_package(const Lock& lock, const std::string& name) {
  const auto is_named = [&](const LockedDeb& deb) { return deb.name == name; };
  return std::ranges::any_of(lock.images, [&](const LockedImage& image) {
    return std::ranges::any_of(image.base, is_named) || std::ranges::any_of(image.system_runtime, is_named) ||
           std::ranges::any_of(image.system_build, is_named);
  });
}

[[noreturn]] void refuse_upgrade(const std::string& text, const Lock& lock) {
  if (has_debian_package(lock, text)) {
    throw Error(ErrorKind::Usage, fmt::format("`{}` is a Debian package, and only Python packages move singly", text))
        .hint("`mlbuild lock` without `--upgrade` takes all Debian packages of today and keeps the Python pins");
  }
  const std::set<std::string> known = python_names(lock);
  const std::vector<std::string> names(known.begin(), known.end());
  Error error(ErrorKind::Usage, fmt::format("`{}` is not in the lock", printable(text)));
  if (const auto near = nearest_word(python::normalize_name(text), names))
    error.hint(fmt::format("did you mean `{}`?", *near));
  throw error.hint("`--upgrade` takes the name of a Python package that is locked");
}

/// Names to upgrade must be locked now, else the word was a slip.
Upgrade upgrade_from(const LockOptions& options, const std::optional<Lock>& present) {
  Upgrade upgrade;
  upgrade.all = options.upgrade_all;
  const std::set<std::string> known = present ? python_names(*present) : std::set<std::string>{};
  for (const std::string& text : options.upgrade) {
    const std::string name = python::normalize_name(text);
    if (!known.contains(name)) refuse_upgrade(text, present.value_or(Lock{}));
    upgrade.names.insert(name);
  }
  return upgrade;
}

std::vector<python::Requirement> requirements_of(const Spec& spec) {
  std::vector<python::Requirement> all;
  for (const SpecVariant& variant : spec.variants) {
    for (const RequirementSet* set : {&variant.runtime, &variant.build, &variant.dev}) {
      all.insert(all.end(), set->requirements.begin(), set->requirements.end());
      all.insert(all.end(), set->constraints.begin(), set->constraints.end());
    }
  }
  return all;
}

/// Says why an upgrade cannot move what the spec pins itself.
void explain_pins(const Spec& spec, const Upgrade& upgrade, World& world) {
  std::set<std::string> told;
  for (const python::Requirement& requirement : requirements_of(spec)) {
    if (!upgrade.names.contains(requirement.name) || !requirement.is_pinned()) continue;
    const std::string text = fmt::format("the spec pins `{}` at {}:{}, which `--upgrade` does not move\n",
                                         requirement.text, requirement.location.file, requirement.location.line);
    if (told.insert(text).second) world.note(text);
  }
}

std::string moved_text(const std::optional<Lock>& before, const Lock& now) {
  std::string text;
  if (!before) return text;
  for (const std::string& line : moved_pins(*before, now)) text += "  " + line + "\n";
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
  world.set_insecure_registries(options.insecure_registries);
  if (options.check) {
    const Lock lock = ensure_lock(spec, LockPolicy::Locked, world);
    world.note(fmt::format("{} answers the spec\n", lock_path(spec).string()));
    if (world.json()) world.print(to_json(lock));
    return 0;
  }
  const std::optional<Lock> present = previous_lock(spec, options, world);
  const Upgrade upgrade = upgrade_from(options, present);
  explain_pins(spec, upgrade, world);
  const Lock lock = resolve(spec, present, upgrade, world);
  world.end_progress();
  const bool same = present && to_json(*present) == to_json(lock);
  if (!same) write_lock(spec, lock);
  world.note(
      fmt::format("{} {}\n{}", same ? "unchanged:" : "locked", lock_path(spec).string(), moved_text(present, lock)));
  for (const LockedImage& image : lock.images) world.note(summary(image));
  if (world.json()) world.print(to_json(lock));
  return 0;
}

}  // namespace

void add_lock_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<LockOptions>();
  CLI::App* command = program.add_subcommand("lock", "pin every byte that a spec asks for, in the lock beside it");
  command->add_option("SPEC", options->spec, "the spec (default: mlbuild.yaml)");
  CLI::Option* upgrade =
      command->add_option("--upgrade", options->upgrade, "move the pin of this package; may be given more than once");
  CLI::Option* upgrade_all =
      command->add_flag("--upgrade-all", options->upgrade_all, "move every pin to what the spec allows today");
  command->add_option("--insecure-registry", options->insecure_registries,
                      "HOST[:PORT] to speak http with for a base; loopback needs none");
  command->add_flag("--check", options->check, "only say whether the lock answers the spec")
      ->excludes(upgrade)
      ->excludes(upgrade_all);
  command->footer("example: mlbuild lock --upgrade boto3 specs/sklearn-train/mlbuild.yaml");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_lock(*options, world); }; });
}

}  // namespace mlbuild::cli
