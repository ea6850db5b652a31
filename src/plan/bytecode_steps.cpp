// Bytecode lies above the wheels, spread as they are: large wheels have layers of their own, the others share groups by
// the same hash, so that a bump of one wheel sends its own bytecode again, or its group's. When layers run short, it is
// bytecode that is put together first: wheels are most of an image's bytes, and their layers are shared with images
// that have no bytecode.
#include "layer_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace mlbuild {
namespace {

constexpr std::string_view kMinimal = "-minimal";

bool wants_bytecode(const PlanRequest& request) {
  return request.bytecode && request.variant->bytecode && bytecode_format(*request.image).has_value();
}

/// "libpython3.11-stdlib", "python3.11": what Debian makes of the interpreter's own source.
bool is_library_package(const LockedDeb& deb, const std::string& version) {
  const std::string stem = "python" + version;
  return deb.name == stem || deb.name.starts_with(stem + "-") || deb.name.starts_with("lib" + stem + "-") ||
         deb.name == "python3-distutils" || deb.name == "python3-lib2to3";
}

/// The package with the program in it; a base that others made is known by its config, which names all its layers.
std::string interpreter_identity(const LockedImage& image) {
  if (image.base_image) return "base " + image.base_image->config_digest.to_string();
  const std::string name = "python" + image.interpreter.version + std::string(kMinimal);
  const auto package = std::ranges::find(image.base, name, &LockedDeb::name);
  if (package == image.base.end()) return "python " + image.interpreter.full_version;
  return fmt::format("{} {}", name, package->sha256.to_string());
}

BytecodeLayerParameters bytecode_parameters(const PlanRequest& request) {
  BytecodeLayerParameters parameters;
  parameters.format = *bytecode_format(*request.image);
  parameters.interpreter = interpreter_identity(*request.image);
  parameters.epoch_seconds = request.epoch_seconds;
  return parameters;
}

/// Each file once, whether it is read, run or both.
void add_inputs(Step& step, const std::vector<StepInput>& more) {
  for (const StepInput& input : more) {
    if (std::ranges::find(step.inputs, input.digest, &StepInput::digest) == step.inputs.end()) {
      step.inputs.push_back(input);
    }
  }
}

std::vector<LockedDeb> library_packages(const LockedImage& image) {
  std::vector<LockedDeb> packages;
  if (image.base_image) return packages;
  std::ranges::copy_if(image.base, std::back_inserter(packages), [&](const LockedDeb& deb) {
    return is_library_package(deb, image.interpreter.version) &&
           std::ranges::find(image.base_dropped, deb.name) == image.base_dropped.end();
  });
  return packages;
}

std::optional<Step> library_step(const PlanRequest& request, PlanLookups& lookups, const std::string& id_prefix) {
  const LockedImage& image = *request.image;
  const std::vector<LockedDeb> packages = library_packages(image);
  if (packages.empty()) return std::nullopt;
  Step step;
  step.is_bytecode = true;
  step.id = id_prefix + "bytecode:library";
  step.label = fmt::format("bytecode of the library of python {}", image.interpreter.version);
  step.causes = {request.variant->base.suite.location};
  step.inputs = deb_step_inputs(packages, lookups);
  add_inputs(step, deb_step_inputs(interpreter_packages(image), lookups));
  step.recipe =
      std::make_shared<LibraryBytecodeRecipe>(deb_inputs(packages), "usr/lib/python" + image.interpreter.version,
                                              bytecode_parameters(request), request.compiler, request.unpacked_debs);
  return step;
}

Step wheel_bytecode_step(const PlanRequest& request, const std::vector<const PlannedWheel*>& wheels,
                         PlanLookups& lookups, std::string id) {
  Step step;
  step.is_bytecode = true;
  step.id = std::move(id);
  step.label = "bytecode of " + wheel_step_label(wheels);
  std::vector<WheelInput> known = add_wheels(step, wheels, lookups);
  if (step.state == StepState::Open) return step;
  add_inputs(step, deb_step_inputs(interpreter_packages(*request.image), lookups));
  BytecodeLayerParameters parameters = bytecode_parameters(request);
  parameters.prune = request.variant->prune;
  step.recipe = std::make_shared<WheelBytecodeRecipe>(std::move(known), install_scheme(*request.image),
                                                      std::move(parameters), request.compiler);
  return step;
}

}  // namespace

std::vector<LockedDeb> interpreter_packages(const LockedImage& image) {
  std::vector<LockedDeb> packages;
  if (image.base_image) return packages;
  const std::string python = "python" + image.interpreter.version;
  const std::set<std::string> names{python + std::string(kMinimal),
                                    "lib" + python + std::string(kMinimal),
                                    "lib" + python + "-stdlib",  // encodings of sources
                                    "libc6",
                                    "libexpat1",
                                    "libgcc-s1",
                                    "zlib1g"};
  std::ranges::copy_if(image.base, std::back_inserter(packages),
                       [&](const LockedDeb& deb) { return names.contains(deb.name); });
  return packages;
}

std::optional<python::PycFormat> bytecode_format(const LockedImage& image) {
  if (!image.base_image && image.base.empty()) return std::nullopt;
  return python::pyc_format(image.interpreter.version);
}

std::size_t bytecode_layers_at_least(const PlanRequest& request, std::size_t wheel_count) {
  if (!wants_bytecode(request)) return 0;
  return (library_packages(*request.image).empty() ? 0U : 1U) + (wheel_count == 0 ? 0U : 1U);
}

std::vector<Step> bytecode_steps(const PlanRequest& request, const std::vector<PlannedWheel>& wheels,
                                 PlanLookups& lookups, const std::string& id_prefix, std::size_t max_layers) {
  std::vector<Step> steps;
  if (!wants_bytecode(request)) return steps;
  if (std::optional<Step> library = library_step(request, lookups, id_prefix)) steps.push_back(std::move(*library));
  std::vector<PartitionItem> items;
  items.reserve(wheels.size());
  for (const PlannedWheel& wheel : wheels) items.push_back({wheel.name, wheel.size_bytes});
  std::size_t position = 0;
  for (const auto& members : partition_wheels(items, max_layers - steps.size(), kOwnBytecodeLayerBytes)) {
    std::vector<const PlannedWheel*> group;
    for (const std::size_t member : members) group.push_back(&wheels[member]);
    steps.push_back(
        wheel_bytecode_step(request, group, lookups, wheel_step_id(id_prefix + "bytecode:", group, position++)));
  }
  return steps;
}

}  // namespace mlbuild
