#include "layer_steps.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mlbuild {
namespace {

const LockedDeb* find_package(const LockedImage& image, const std::string& name) {
  for (const std::vector<LockedDeb>* packages : {&image.base, &image.system_runtime}) {
    const auto found = std::ranges::find(*packages, name, &LockedDeb::name);
    if (found != packages->end()) return &*found;
  }
  return nullptr;
}

/// Named ones, or with `scripts: run` all on top of the base.
std::vector<LockedDeb> candidates(const PlanRequest& request) {
  const SystemPackages& system = request.variant->system;
  if (system.run_all_scripts) return request.image->system_runtime;
  std::vector<LockedDeb> packages;
  for (const Located<std::string>& name : system.run_scripts) {
    const LockedDeb* package = find_package(*request.image, name.value);
    if (package == nullptr) {
      throw Error(ErrorKind::Spec, fmt::format("the image has no package `{}` whose scripts could run", name.value))
          .at(name.location)
          .hint("add it to `system.runtime`, or remove it here");
    }
    packages.push_back(*package);
  }
  return packages;
}

/// A base of packages leaves out what only installing needs. A distroless one has not even a shell: there
/// `system.build` may bring what the scripts call.
std::vector<LockedDeb> root_packages(const LockedImage& image) {
  if (image.base_image) return {};
  std::vector<LockedDeb> packages = image.base;
  const auto add = [&](const std::vector<LockedDeb>& more) {
    std::ranges::copy_if(more, std::back_inserter(packages), [&](const LockedDeb& package) {
      return std::ranges::count(packages, package.name, &LockedDeb::name) == 0;
    });
  };
  add(image.system_runtime);
  if (image.base_flavor == "distroless") add(image.system_build);
  return packages;
}

std::map<std::string, std::string> environment(std::int64_t epoch_seconds) {
  std::map<std::string, std::string> env = fixed_environment(epoch_seconds);
  env["DEBIAN_FRONTEND"] = "noninteractive";
  env["DEBCONF_NONINTERACTIVE_SEEN"] = "true";
  return env;
}

}  // namespace

std::optional<Step> scripts_step(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix) {
  const SystemPackages& system = request.variant->system;
  const std::vector<LockedDeb> packages = candidates(request);
  if (packages.empty()) return std::nullopt;
  const std::vector<LockedDeb> root = root_packages(*request.image);
  auto scripts = std::make_shared<ScriptRun>();
  scripts->choice.ignored = system.ignore_scripts;
  for (const Located<std::string>& name : system.run_scripts) scripts->choice.run.push_back(name.value);
  std::ranges::sort(scripts->choice.run);
  scripts->choice.run_unknown = system.run_all_scripts.has_value();
  scripts->candidates = deb_inputs(packages);
  scripts->root_packages = deb_inputs(root);
  scripts->unpacked_debs = request.unpacked_debs;
  DebLayerParameters& parameters = scripts->root_parameters;
  parameters = base_layer_parameters(*request.image, *request.variant, request.epoch_seconds);
  parameters.deflate_level = 0;  // unpacked at once and never shipped
  parameters.database = DpkgDatabase::StatusFile;
  parameters.drop_packages.clear();
  parameters.run_scripts = scripts->choice.run;
  parameters.run_unknown_scripts = scripts->choice.run_unknown;
  Step step;
  step.id = id_prefix + "scripts";
  step.kind = StepKind::Command;
  step.label = system.run_all_scripts ? "maintainer scripts that mlbuild does not know"
                                      : fmt::format("maintainer scripts of {}", fmt::join(scripts->choice.run, ", "));
  step.inputs = deb_step_inputs(root.empty() ? packages : root, lookups);
  StepCommand& command = step.command.emplace();
  command.env = environment(request.epoch_seconds);
  command.shown_command = step.label;
  command.location = system.run_all_scripts ? *system.run_all_scripts : system.run_scripts.front().location;
  command.epoch_seconds = request.epoch_seconds;
  command.scripts = std::move(scripts);
  step.causes = {command.location};
  return step;
}

}  // namespace mlbuild
