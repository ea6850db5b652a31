#include "layer_steps.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/deb_layer.hpp"
#include "mlbuild/layer/wheel_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
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

std::vector<Location> locations(const std::vector<Located<std::string>>& values) {
  std::vector<Location> places;
  for (const Located<std::string>& value : values) places.push_back(value.location);
  return places;
}

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

void collect_causes(Step& step, const std::vector<const PlannedWheel*>& wheels) {
  for (const PlannedWheel* wheel : wheels) {
    step.causes.insert(step.causes.end(), wheel->causes.begin(), wheel->causes.end());
  }
}

WheelLayerParameters wheel_parameters(const PlanRequest& request, const LayerPart& part) {
  WheelLayerParameters parameters;
  parameters.part = part;
  parameters.scheme = install_scheme(request.image->interpreter);
  parameters.epoch_seconds = request.epoch_seconds;
  return parameters;
}

Step wheel_step(const PlanRequest& request, const std::vector<const PlannedWheel*>& wheels, const LayerPart& part,
                PlanLookups& lookups, const std::string& id) {
  Step step;
  step.id = part.count == 1 ? id : fmt::format("{}:{}", id, part.number + 1);
  step.label = wheel_step_label(wheels);
  if (part.count > 1) step.label += fmt::format(", part {} of {}", part.number + 1, part.count);
  collect_causes(step, wheels);
  std::vector<std::string> waits;
  std::vector<WheelInput> recipe_inputs;
  for (const PlannedWheel* wheel : wheels) {
    if (wheel->built_by) step.built_from.push_back(*wheel->built_by);
    if (wheel->waits_for) {
      waits.push_back(*wheel->waits_for);
      continue;
    }
    recipe_inputs.push_back({wheel->filename, wheel->digest});
    if (wheel->locked) step.inputs.push_back(python_input(*wheel->locked, lookups));
  }
  if (!waits.empty()) {
    step.state = StepState::Open;
    step.reason = WaitsFor{std::move(waits)};
    return step;
  }
  step.recipe = std::make_shared<WheelLayerRecipe>(std::move(recipe_inputs), wheel_parameters(request, part));
  return step;
}

/// Own layers are named after their wheel, groups after the group's number: a bump keeps the id, so that its change can
/// be told.
std::string wheel_step_id(const std::string& prefix, const std::vector<const PlannedWheel*>& wheels,
                          std::size_t position) {
  if (wheels.size() == 1) return fmt::format("{}wheel:{}", prefix, wheels[0]->name);
  return fmt::format("{}wheels:{}", prefix, position);
}

/// How many layers huge wheels need on top of one each; never all that there are.
std::size_t split_layers(const std::vector<PartitionItem>& items, std::size_t max_layers) {
  std::size_t more = 0;
  for (const PartitionItem& item : items) more += part_count(item.size_bytes) - 1;
  return std::min(more, max_layers - 1);
}

}  // namespace

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

namespace {

Step debian_base_step(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix) {
  const LockedImage& image = *request.image;
  Step base;
  base.id = id_prefix + "base";
  base.label =
      fmt::format("base debian {} {} + python {}", image.base_suite, image.base_flavor, image.interpreter.version);
  base.inputs = deb_step_inputs(image.base, lookups);
  base.causes = {request.variant->base.suite.location};
  base.recipe = std::make_shared<DebLayerRecipe>(deb_inputs(image.base),
                                                 base_layer_parameters(image, *request.variant, request.epoch_seconds));
  return base;
}

LayerFacts facts_of(const LockedBaseLayer& layer) {
  LayerFacts facts;
  facts.media_type = layer.blob.media_type;
  facts.digest = layer.blob.digest;
  facts.size_bytes = layer.blob.size_bytes;
  facts.diff_id = layer.diff_id;
  facts.plain_size_bytes = layer.plain_size_bytes;
  return facts;
}

/// A base layer needs no recipe: it is where the lock says, and stays there until a sink wants its bytes.
Step base_layer_step(const PlanRequest& request, std::size_t number, PlanLookups& lookups,
                     const std::string& id_prefix) {
  constexpr std::size_t kShownDigest = 19;  // "sha256:" and twelve digits
  const LockedBaseImage& base = *request.image->base_image;
  const LockedBaseLayer& layer = base.layers[number];
  const std::string digest = layer.blob.digest.to_string();
  Step step;
  step.id = fmt::format("{}base:{}", id_prefix, number + 1);
  step.kind = StepKind::BaseLayer;
  step.label = fmt::format("base layer {}/{} {}", number + 1, base.layers.size(), digest.substr(0, kShownDigest));
  step.card = KeyCard("base-layer", 1).set("layer", digest);
  step.facts = facts_of(layer);
  step.causes = {request.variant->foreign_base->reference.location};
  if (lookups.has_blob(layer.blob.digest)) {
    step.state = StepState::Cached;
    step.reason = AlreadyKnown{};
  } else if (base.kind == "image") {
    step.state = StepState::Registry;
    step.reason = InBase{base.reference};
  } else {
    step.state = StepState::Cached;
    step.reason = InBase{fmt::format("{}: {}", base.kind, base.reference)};
  }
  return step;
}

DebLayerParameters system_parameters(const PlanRequest& request) {
  DebLayerParameters parameters = base_layer_parameters(*request.image, *request.variant, request.epoch_seconds);
  parameters.is_base = false;
  parameters.venv_python.clear();
  parameters.drop_packages.clear();
  return parameters;
}

/// "status" of the base, which the layer's own hides and therefore has to repeat.
StepInput status_input(const LockedBaseDebian& debian, PlanLookups& lookups) {
  StepInput input;
  input.kind = StepInput::Kind::BaseFile;
  input.label = "the dpkg database of the base";
  input.digest = debian.status_digest;
  input.size_bytes = debian.status_size_bytes;
  input.filename = "var/lib/dpkg/status";
  input.layer = debian.status_layer;
  input.present = lookups.has_blob(debian.status_digest);
  return input;
}

Step system_step(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix) {
  const LockedImage& image = *request.image;
  Step system;
  system.id = id_prefix + "system";
  system.label = fmt::format("system libraries, {} packages", image.system_runtime.size());
  system.inputs = deb_step_inputs(image.system_runtime, lookups);
  system.causes = locations(request.variant->system.runtime);
  DebLayerParameters parameters = system_parameters(request);
  if (image.base_image) {
    const LockedBaseDebian& debian = image.base_image->debian;
    parameters.merged_usr = debian.merged_usr;
    parameters.include_shadow = true;
    if (debian.database == "status") {
      parameters.database = DpkgDatabase::StatusFile;
      parameters.base_status = debian.status_digest;
      system.inputs.push_back(status_input(debian, lookups));
    }
  }
  system.recipe = std::make_shared<DebLayerRecipe>(deb_inputs(image.system_runtime), parameters);
  return system;
}

}  // namespace

std::vector<Step> bottom_steps(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix) {
  const LockedImage& image = *request.image;
  std::vector<Step> steps;
  if (image.base_image) {
    for (std::size_t i = 0; i < image.base_image->layers.size(); ++i) {
      steps.push_back(base_layer_step(request, i, lookups, id_prefix));
    }
  } else if (!request.variant->foreign_base) {
    steps.push_back(debian_base_step(request, lookups, id_prefix));
  }
  if (!image.system_runtime.empty()) steps.push_back(system_step(request, lookups, id_prefix));
  return steps;
}

namespace {

std::vector<LayerFile> whiteouts(const LockedBaseProject& project, const std::string& purelib) {
  std::vector<LayerFile> files;
  for (const std::string& entry : project.entries) {
    LayerFile file;
    file.path = fmt::format("{}/.wh.{}", purelib, entry);
    file.digest = BlobDigest(sha256(std::string_view()));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

std::optional<Step> replaced_step(const PlanRequest& request, const std::vector<PlannedWheel>& wheels,
                                  const std::string& id_prefix) {
  if (!request.image->base_image) return std::nullopt;
  Step step;
  step.id = id_prefix + "replaced";
  std::map<std::string, LayerFile> hidden;  // two projects may share a namespace's directory
  std::vector<std::string> names;
  for (const LockedBaseProject& project : request.image->base_image->projects) {
    const auto wheel = std::ranges::find(wheels, project.name, &PlannedWheel::name);
    if (wheel == wheels.end() || wheel->version == project.version) continue;
    names.push_back(fmt::format("{} {}", project.name, project.version));
    step.causes.insert(step.causes.end(), wheel->causes.begin(), wheel->causes.end());
    for (LayerFile& file : whiteouts(project, request.image->interpreter.scheme->purelib)) {
      hidden.emplace(file.path, std::move(file));
    }
  }
  if (names.empty()) return std::nullopt;
  step.label = fmt::format("replaced in the base: {}", fmt::join(names, ", "));
  std::vector<LayerFile> files;
  for (auto& [path, file] : hidden) files.push_back(std::move(file));
  FilesLayerParameters parameters;
  parameters.label = "replaced";
  parameters.epoch_seconds = request.epoch_seconds;
  step.recipe = std::make_shared<FilesLayerRecipe>(
      std::move(files), parameters, [](const LayerFile&) { return std::make_unique<SpanSource>(ByteSpan()); });
  return step;
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
  step.label = fmt::format("app, {} files", request.app_files.size());
  for (const AppCopy& copy : request.variant->app) step.causes.push_back(copy.from.location);
  FilesLayerParameters parameters;
  parameters.label = "app";
  parameters.epoch_seconds = request.epoch_seconds;
  step.recipe = std::make_shared<FilesLayerRecipe>(request.app_files, parameters, request.open_app_file);
  return step;
}

}  // namespace mlbuild
