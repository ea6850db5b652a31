#include "mlbuild/plan/plan.hpp"

#include "layer_steps.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/path_parts.hpp"
#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/layer_packing.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/oci/layer_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <thread>

namespace mlbuild {
namespace {

std::string step_id_prefix(const PlanRequest& request) {
  const oci::Platform& platform = request.image->platform;
  std::string prefix =
      fmt::format("{}/{}-{}{}/", request.spec_name, platform.os, platform.architecture, platform.variant);
  if (!request.variant->name.empty()) prefix += request.variant->name + "/";
  return prefix;
}

/// Places in the spec that name a project directly.
std::map<std::string, std::vector<Location>> causes_by_project(const SpecVariant& variant) {
  std::map<std::string, std::vector<Location>> causes;
  for (const python::Requirement& requirement : variant.runtime.requirements) {
    causes[requirement.name].push_back(requirement.location);
  }
  return causes;
}

bool output_is_there(const LayerFacts& facts, PlanLookups& lookups) { return lookups.has_blob(facts.digest); }

/// Cached, or Run with the reason, for a step whose card is known.
void decide_layer(Step& step, bool force, PlanLookups& lookups) {
  if (step.recipe) step.card = step.recipe->card();
  if (force) {
    step.reason = Forced{};
    return;
  }
  if (const std::optional<std::string> known = lookups.facts(step.card->key())) {
    LayerFacts facts = parse_layer_facts(*known);
    if (output_is_there(facts, lookups)) {
      step.state = StepState::Cached;
      step.reason = AlreadyKnown{};
      step.facts = std::move(facts);
      return;
    }
    step.reason = OutputMissing{facts.digest};
  } else if (const std::optional<KeyCard> last = lookups.last_card(step.id)) {
    std::vector<CardChange> changes = diff(*last, *step.card);
    if (changes.empty()) {
      step.reason = NeverRun{};  // the card is remembered, its facts were collected: nothing is known of the output
    } else {
      step.reason = CardChanged{std::move(changes)};
    }
  }
  if (std::optional<PlanLookups::RegistryLayer> known = lookups.registry_layer(step.card->key())) {
    step.state = StepState::Registry;
    step.reason = InRegistry{std::move(known->where)};
    step.facts = std::move(known->facts);
  }
}

/// A command's layer depends on what is below it, byte for byte: until that is made nobody can tell whether the command
/// would see anything new. The same bytes as before give the same card, so it may be cached after all.
void decide_command(Step& step, const std::vector<Step>& below, bool force, PlanLookups& lookups) {
  std::vector<DiffId> trees;
  WaitsFor waits;
  for (const Step& lower : below) {
    if (lower.facts) {
      trees.push_back(lower.facts->diff_id);
    } else {
      waits.steps.push_back(lower.id);
    }
  }
  if (!waits.steps.empty()) {
    step.state = StepState::Open;
    step.reason = std::move(waits);
    return;
  }
  step.card = command_card(step, trees);
  decide_layer(step, force, lookups);
}

/// Threads that work on one layer, besides those that work on others.
std::size_t compression_workers() { return std::clamp(std::thread::hardware_concurrency(), 1U, 4U); }

void pack_as(const SpecVariant& variant, Step& step) {
  const LayerPacking packing{variant.compression, variant.lazy, compression_workers()};
  if (step.recipe) step.recipe = packed(step.recipe, packing);
  if (step.command) step.command->packing = packing;
}

/// `needed`: layers of all kinds, with as few of bytecode as can be.
std::string no_layers_left(const SpecVariant& variant, std::size_t needed) {
  std::string text = fmt::format("with it the image would have at least {} layers, and `layers.max` is {}; ", needed,
                                 variant.max_layers);
  if (needed <= kMostLayers) return text + fmt::format("write at least `layers: {{max: {}}}`", needed);
  return text + fmt::format("{} are the most there can be", kMostLayers);
}

/// Base, steps and app cannot be put together; what they are above `layers.max` is the user's to weigh, up to what no
/// runtime takes.
std::optional<std::string> above_max(const SpecVariant& variant, std::size_t layers) {
  if (layers > kMaxLayers) {
    throw Error(ErrorKind::Spec,
                fmt::format("the image would have {} layers, and container runtimes stop at {}", layers, kMaxLayers))
        .hint("put several `steps` into one, or take a base with fewer layers");
  }
  if (layers <= variant.max_layers) return std::nullopt;
  return fmt::format(
      "the image has {} layers, and `layers.max` is {}; base, `steps` and app have theirs whatever it says", layers,
      variant.max_layers);
}

struct SdistPlan {
  Step step;
  PlannedWheel wheel;
};

void set_wheel(SdistPlan& plan, KnownWheel known, StepState state, Reason reason) {
  plan.step.state = state;
  plan.step.reason = std::move(reason);
  plan.wheel.filename = known.filename;
  plan.wheel.digest = known.digest;
  plan.step.wheel = std::move(known);
}

/// `wanted`: ids of the builds whose wheels a layer needs as bytes.
SdistPlan plan_sdist(const PlanRequest& request, const LockedSdist& locked, PlanLookups& lookups,
                     const std::string& id_prefix, const std::set<std::string>& wanted) {
  SdistPlan plan;
  Step& step = plan.step;
  step.id = fmt::format("{}sdist:{}", id_prefix, locked.sdist.name);
  step.kind = StepKind::BuildSdist;
  step.label = fmt::format("build {} {} from source", locked.sdist.name, locked.sdist.version);
  step.sdist = locked;
  step.card = lookups.sdist_card(*request.image, locked);
  step.inputs.push_back(python_input(locked.sdist, lookups));
  for (const LockedFile& requirement : locked.build_requirements)
    step.inputs.push_back(python_input(requirement, lookups));
  const std::vector<StepInput> packages = deb_step_inputs(build_packages(*request.image), lookups);
  step.inputs.insert(step.inputs.end(), packages.begin(), packages.end());
  plan.wheel.name = locked.sdist.name;
  plan.wheel.version = locked.sdist.version;
  plan.wheel.size_bytes = locked.sdist.size_bytes;
  plan.wheel.built_by = step.id;
  const bool force = request.force_sdists && !request.made.contains(step.id);
  const auto known = force ? std::nullopt : lookups.built_wheel(step.card->key());
  if (known && lookups.has_blob(known->digest)) {
    set_wheel(plan, *known, StepState::Cached, AlreadyKnown{});
    return plan;
  }
  if (!force && !wanted.contains(step.id)) {
    if (auto elsewhere = lookups.registry_wheel(step.card->key())) {
      set_wheel(plan, std::move(elsewhere->wheel), StepState::Registry, InRegistry{std::move(elsewhere->where)});
      return plan;
    }
  }
  plan.wheel.waits_for = step.id;
  if (force) {
    step.reason = Forced{};
  } else if (known) {
    step.reason = OutputMissing{known->digest};
  } else if (const std::optional<KeyCard> last = lookups.last_card(step.id)) {
    if (std::vector<CardChange> changes = diff(*last, *step.card); !changes.empty())
      step.reason = CardChanged{std::move(changes)};
  }
  return plan;
}

PlannedWheel locked_wheel(const LockedFile& file) {
  PlannedWheel wheel;
  wheel.name = file.name;
  wheel.version = file.version;
  wheel.filename = file.filename;
  wheel.digest = file.sha256;
  wheel.size_bytes = file.size_bytes;
  wheel.locked = file;
  return wheel;
}

/// Builds whose wheel is only known by its digest although a layer must be made of it.
std::set<std::string> wheels_that_lack(const Plan& plan) {
  std::set<std::string> ids;
  for (const Step& step : plan.steps) {
    if (step.state == StepState::Run) ids.insert(step.built_from.begin(), step.built_from.end());
  }
  for (const Step& step : plan.steps) {
    if (step.kind == StepKind::BuildSdist && step.state != StepState::Registry) ids.erase(step.id);
  }
  return ids;
}

void append(std::vector<Step>& steps, std::vector<Step> more) {
  std::move(more.begin(), more.end(), std::back_inserter(steps));
}

}  // namespace

std::uint64_t Step::fetch_bytes() const {
  std::uint64_t sum = 0;
  if (state == StepState::Cached || state == StepState::Registry) return sum;
  for (const StepInput& input : inputs) sum += input.present ? 0 : input.size_bytes;
  return sum;
}

std::uint64_t Step::input_bytes() const {
  std::uint64_t sum = 0;
  for (const StepInput& input : inputs) sum += input.size_bytes;
  return sum;
}

std::vector<StepInput> missing_inputs(const std::vector<const Step*>& steps) {
  std::vector<StepInput> missing;
  std::set<BlobDigest> seen;
  for (const Step* step : steps) {
    for (const StepInput& input : step->inputs) {
      if (!input.present && seen.insert(input.digest).second) missing.push_back(input);
    }
  }
  std::stable_sort(missing.begin(), missing.end(),
                   [](const StepInput& a, const StepInput& b) { return a.size_bytes > b.size_bytes; });
  return missing;
}

std::uint64_t missing_bytes(const std::vector<const Step*>& steps) {
  std::uint64_t sum = 0;
  for (const StepInput& input : missing_inputs(steps)) sum += input.size_bytes;
  return sum;
}

bool Plan::complete() const {
  return std::none_of(steps.begin(), steps.end(), [](const Step& step) {
    return (step.kind == StepKind::Layer && step.state == StepState::Open) ||
           (step.kind == StepKind::BuildSdist && step.state == StepState::Run);
  });
}

namespace {

/// Of the base's directories, those that wheels may have files in.
BaseDirectories directories_around(const InstallScheme& scheme, const BaseDirectories& all) {
  BaseDirectories around;
  std::ranges::copy_if(all, std::inserter(around, around.end()), [&](const auto& directory) {
    const std::string& path = directory.first;
    return std::ranges::any_of(
        std::array{scheme.purelib, scheme.platlib, scheme.scripts, scheme.headers, scheme.data},
        [&](const std::string& place) { return is_at_or_below(place, path) || is_at_or_below(path, place); });
  });
  return around;
}

InstallScheme scheme_of(const LockedInterpreter& interpreter) {
  InstallScheme scheme;
  scheme.purelib = fmt::format("usr/local/lib/python{}/site-packages", interpreter.version);
  scheme.platlib = scheme.purelib;
  scheme.headers = fmt::format("usr/local/include/site/python{}", interpreter.version);
  scheme.interpreter = interpreter.path;
  scheme.python_version = interpreter.version;
  scheme.python_full_version = interpreter.full_version;
  if (interpreter.scheme) {
    scheme.purelib = interpreter.scheme->purelib;
    scheme.platlib = interpreter.scheme->platlib;
    scheme.scripts = interpreter.scheme->scripts;
    scheme.headers = interpreter.scheme->headers;
    scheme.data = interpreter.scheme->data;
  }
  return scheme;
}

}  // namespace

BaseDirectories base_directories(const LockedImage& image) {
  if (image.base_image) return image.base_image->directories;
  return image.base.empty() ? BaseDirectories{} : own_base_directories();
}

InstallScheme install_scheme(const LockedImage& image) {
  InstallScheme scheme = scheme_of(image.interpreter);
  scheme.base_directories = directories_around(scheme, base_directories(image));
  return scheme;
}

InstallScheme build_scheme(const LockedImage& image) {
  LockedInterpreter own;  // the root is Debian's with mlbuild's venv, whatever the image stands on
  own.version = image.interpreter.version;
  own.full_version = image.interpreter.full_version;
  return scheme_of(own);
}

std::vector<LockedDeb> build_packages(const LockedImage& image) {
  if (image.base_image) return image.system_build;
  std::vector<LockedDeb> packages = image.base;
  packages.insert(packages.end(), image.system_runtime.begin(), image.system_runtime.end());
  packages.insert(packages.end(), image.system_build.begin(), image.system_build.end());
  return packages;
}

DebLayerParameters base_layer_parameters(const LockedImage& image, const SpecVariant& variant,
                                         std::int64_t epoch_seconds) {
  DebLayerParameters parameters;
  parameters.epoch_seconds = epoch_seconds;
  parameters.is_base = true;
  parameters.venv_python = image.interpreter.version;
  parameters.include_shadow = image.base_flavor == "slim";
  parameters.ignore_scripts = variant.system.ignore_scripts;
  parameters.drop_packages = image.base_dropped;
  return parameters;
}

std::vector<DebInput> deb_inputs(const std::vector<LockedDeb>& debs) {
  std::vector<DebInput> inputs;
  inputs.reserve(debs.size());
  for (const LockedDeb& deb : debs) inputs.push_back({deb.name, deb.version, deb.architecture, deb.sha256});
  return inputs;
}

namespace {

Plan plan_with(const PlanRequest& request, PlanLookups& lookups, const std::set<std::string>& wanted) {
  const LockedImage& image = *request.image;
  const std::string prefix = step_id_prefix(request);
  const auto causes = causes_by_project(*request.variant);
  Plan plan{request.variant->name, image.platform, {}, {}, {}, {}};
  std::vector<PlannedWheel> wheels;
  for (const LockedFile& file : image.wheels) wheels.push_back(locked_wheel(file));
  for (const LockedSdist& sdist : image.sdists) {
    SdistPlan planned = plan_sdist(request, sdist, lookups, prefix, wanted);
    plan.steps.push_back(std::move(planned.step));
    wheels.push_back(std::move(planned.wheel));
  }
  std::sort(wheels.begin(), wheels.end(), [](const PlannedWheel& a, const PlannedWheel& b) { return a.name < b.name; });
  for (PlannedWheel& wheel : wheels) {
    if (const auto found = causes.find(wheel.name); found != causes.end()) wheel.causes = found->second;
    if (!wheel.waits_for) plan.wheels.push_back({wheel.filename, wheel.digest});
  }
  std::vector<Step> layers = bottom_steps(request, lookups, prefix);
  if (std::optional<Step> replaced = replaced_step(request, wheels, prefix)) layers.push_back(std::move(*replaced));
  std::optional<Step> app = app_step(request, prefix);
  std::vector<Step> commands = command_steps(request, prefix);
  const std::size_t taken = layers.size() + commands.size() + (app ? 1 : 0);
  const std::size_t left = request.variant->max_layers - std::min<std::size_t>(taken, request.variant->max_layers - 1);
  const std::size_t reserved = bytecode_layers_at_least(request, wheels.size());
  std::vector<Step> wheel_layers = wheel_steps(request, wheels, lookups, prefix, left - std::min(reserved, left - 1));
  const std::size_t left_over = left - std::min(wheel_layers.size(), left);
  append(layers, std::move(wheel_layers));
  if (reserved <= left_over) {
    append(layers, bytecode_steps(request, wheels, lookups, prefix, left_over));
  } else {
    plan.no_bytecode = no_layers_left(*request.variant, layers.size() + commands.size() + (app ? 1 : 0) + reserved);
  }
  append(layers, std::move(commands));
  if (app) layers.push_back(std::move(*app));
  plan.over_max = above_max(*request.variant, layers.size());
  std::vector<Step> decided;
  for (Step& step : layers) {
    pack_as(*request.variant, step);
    const bool force = request.force_layers && !request.made.contains(step.id);
    if (step.command) {
      decide_command(step, decided, force, lookups);
    } else if (step.recipe) {
      decide_layer(step, force, lookups);
    }
    decided.push_back(std::move(step));
  }
  append(plan.steps, std::move(decided));
  return plan;
}

}  // namespace

Plan make_plan(const PlanRequest& request, PlanLookups& lookups) {
  std::set<std::string> wanted;
  for (;;) {
    Plan plan = plan_with(request, lookups, wanted);
    std::set<std::string> more = wheels_that_lack(plan);
    if (more.empty()) return plan;
    wanted.merge(more);
  }
}

}  // namespace mlbuild
