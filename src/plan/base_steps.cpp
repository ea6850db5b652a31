#include "layer_steps.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/deb_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlbuild {
namespace {

std::vector<Location> locations(const std::vector<Located<std::string>>& values) {
  std::vector<Location> places;
  for (const Located<std::string>& value : values) places.push_back(value.location);
  return places;
}

std::vector<std::string> names_among(const std::vector<Located<std::string>>& names,
                                     const std::vector<LockedDeb>& packages) {
  std::vector<std::string> found;
  for (const Located<std::string>& name : names) {
    if (std::ranges::count(packages, name.value, &LockedDeb::name) > 0) found.push_back(name.value);
  }
  return found;
}

Step debian_base_step(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix) {
  const LockedImage& image = *request.image;
  Step base;
  base.id = id_prefix + "base";
  base.label =
      fmt::format("base debian {} {} + python {}", image.base_suite, image.base_flavor, image.interpreter.version);
  base.inputs = deb_step_inputs(image.base, lookups);
  base.causes = {request.variant->base.suite.location};
  DebLayerParameters parameters = base_layer_parameters(image, *request.variant, request.epoch_seconds);
  parameters.run_scripts = names_among(request.variant->system.run_scripts, image.base);
  base.recipe = std::make_shared<DebLayerRecipe>(deb_inputs(image.base), std::move(parameters), request.unpacked_debs);
  return base;
}

LayerFacts facts_of(const LockedBaseLayer& layer) {
  LayerFacts facts;
  facts.media_type = layer.blob.media_type;
  facts.digest = layer.blob.digest;
  facts.size_bytes = layer.blob.size_bytes;
  facts.diff_id = layer.diff_id;
  facts.plain_size_bytes = layer.plain_size_bytes;
  facts.annotations = layer.blob.annotations;
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
  parameters.run_unknown_scripts = request.variant->system.run_all_scripts.has_value();
  parameters.run_scripts = names_among(request.variant->system.run_scripts, request.image->system_runtime);
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
  system.recipe = std::make_shared<DebLayerRecipe>(deb_inputs(image.system_runtime), parameters, request.unpacked_debs);
  return system;
}

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
  if (std::optional<Step> scripts = scripts_step(request, lookups, id_prefix)) steps.push_back(std::move(*scripts));
  return steps;
}

std::optional<Step> replaced_step(const PlanRequest& request, const std::vector<PlannedWheel>& wheels,
                                  const std::string& id_prefix) {
  if (!request.image->base_image) return std::nullopt;
  Step step;
  step.id = id_prefix + "replaced";
  step.hides_lower = true;
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
  parameters.base_directories = base_directories(*request.image);
  step.recipe = std::make_shared<FilesLayerRecipe>(
      std::move(files), parameters, [](const LayerFile&) { return std::make_unique<SpanSource>(ByteSpan()); });
  return step;
}

}  // namespace mlbuild
