#include "layer_steps.hpp"

#include "mlbuild/layer/wheel_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

StepInput deb_input(const LockedDeb& deb, PlanLookups& lookups) {
  StepInput input;
  input.kind = StepInput::Kind::Deb;
  input.label = fmt::format("{} {}", deb.name, deb.version);
  input.digest = deb.sha256;
  input.size_bytes = deb.size_bytes;
  input.filename = deb.path;
  input.origin = deb.suite;
  input.present = lookups.has_blob(deb.sha256);
  return input;
}

WheelLayerParameters wheel_parameters(const PlanRequest& request, const LayerPart& part) {
  WheelLayerParameters parameters;
  parameters.part = part;
  parameters.scheme = install_scheme(*request.image);
  parameters.epoch_seconds = request.epoch_seconds;
  parameters.prune = request.variant->prune;
  return parameters;
}

Step wheel_step(const PlanRequest& request, const std::vector<const PlannedWheel*>& wheels, const LayerPart& part,
                PlanLookups& lookups, const std::string& id) {
  Step step;
  step.id = part.count == 1 ? id : fmt::format("{}:{}", id, part.number + 1);
  step.label = wheel_step_label(wheels);
  if (part.count > 1) step.label += fmt::format(", part {} of {}", part.number + 1, part.count);
  std::vector<WheelInput> recipe_inputs = add_wheels(step, wheels, lookups);
  if (request.variant->prune.any()) step.causes.push_back(request.variant->prune_location);
  if (step.state == StepState::Open) return step;
  step.recipe = std::make_shared<WheelLayerRecipe>(std::move(recipe_inputs), wheel_parameters(request, part));
  return step;
}

/// How many layers huge wheels need on top of one each; never all that there are.
std::size_t split_layers(const std::vector<PartitionItem>& items, std::size_t max_layers) {
  std::size_t more = 0;
  for (const PartitionItem& item : items) more += part_count(item.size_bytes) - 1;
  return std::min(more, max_layers - 1);
}

}  // namespace

std::string wheel_step_label(const std::vector<const PlannedWheel*>& wheels) {
  if (wheels.size() == 1) return fmt::format("wheel {} {}", wheels[0]->name, wheels[0]->version);
  std::vector<std::string> names;
  for (const PlannedWheel* wheel : wheels) names.push_back(wheel->name);
  constexpr std::size_t kShown = 3;
  const std::size_t shown = std::min(kShown, names.size());
  std::string label =
      fmt::format("wheels {}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (names.size() > shown) label += fmt::format(" +{}", names.size() - shown);
  return label;
}

std::string wheel_step_id(const std::string& prefix, const std::vector<const PlannedWheel*>& wheels,
                          std::size_t position) {
  if (wheels.size() == 1) return fmt::format("{}wheel:{}", prefix, wheels[0]->name);
  return fmt::format("{}wheels:{}", prefix, position);
}

std::vector<WheelInput> add_wheels(Step& step, const std::vector<const PlannedWheel*>& wheels, PlanLookups& lookups) {
  std::vector<std::string> waits;
  std::vector<WheelInput> known;
  for (const PlannedWheel* wheel : wheels) {
    step.causes.insert(step.causes.end(), wheel->causes.begin(), wheel->causes.end());
    if (wheel->built_by) step.built_from.push_back(*wheel->built_by);
    if (wheel->waits_for) {
      waits.push_back(*wheel->waits_for);
      continue;
    }
    known.push_back({wheel->filename, wheel->digest});
    if (wheel->locked) step.inputs.push_back(python_input(*wheel->locked, lookups));
  }
  if (!waits.empty()) {
    step.state = StepState::Open;
    step.reason = WaitsFor{std::move(waits)};
  }
  return known;
}

StepInput python_input(const LockedFile& file, PlanLookups& lookups) {
  StepInput input;
  input.kind = StepInput::Kind::PythonFile;
  input.label = fmt::format("{} {}", file.name, file.version);
  input.digest = file.sha256;
  input.size_bytes = file.size_bytes;
  input.project = file.name;
  input.filename = file.filename;
  input.origin = file.index;
  input.present = lookups.has_blob(file.sha256);
  return input;
}

std::vector<StepInput> deb_step_inputs(const std::vector<LockedDeb>& debs, PlanLookups& lookups) {
  std::vector<StepInput> inputs;
  inputs.reserve(debs.size());
  for (const LockedDeb& deb : debs) inputs.push_back(deb_input(deb, lookups));
  return inputs;
}

std::vector<Step> wheel_steps(const PlanRequest& request, const std::vector<PlannedWheel>& wheels, PlanLookups& lookups,
                              const std::string& id_prefix, std::size_t max_layers) {
  std::vector<PartitionItem> items;
  items.reserve(wheels.size());
  for (const PlannedWheel& wheel : wheels) items.push_back({wheel.name, wheel.size_bytes});
  std::vector<Step> steps;
  std::size_t position = 0;
  for (const std::vector<std::size_t>& members :
       partition_wheels(items, max_layers - split_layers(items, max_layers))) {
    std::vector<const PlannedWheel*> group;
    group.reserve(members.size());
    for (const std::size_t member : members) group.push_back(&wheels[member]);
    const std::string id = wheel_step_id(id_prefix, group, position++);
    const std::size_t parts = group.size() == 1 ? part_count(group.front()->size_bytes) : 1;
    for (std::size_t part = 0; part < parts; ++part) {
      steps.push_back(wheel_step(request, group, {part, parts}, lookups, id));
    }
  }
  return steps;
}

std::optional<Step> app_step(const PlanRequest& request, const std::string& id_prefix) {
  if (request.app_files.empty()) return std::nullopt;
  Step step;
  step.id = id_prefix + "app";
  const auto is_file = [](const LayerFile& file) { return file.type != TarType::Directory; };
  step.label = fmt::format("app, {} files", std::ranges::count_if(request.app_files, is_file));
  for (const AppCopy& copy : request.variant->app) step.causes.push_back(copy.from.location);
  FilesLayerParameters parameters;
  parameters.label = "app";
  parameters.epoch_seconds = request.epoch_seconds;
  parameters.base_directories = base_directories(*request.image);
  step.recipe = std::make_shared<FilesLayerRecipe>(request.app_files, parameters, request.open_app_file);
  return step;
}

}  // namespace mlbuild
