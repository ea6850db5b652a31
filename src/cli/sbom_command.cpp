#include "chosen_image.hpp"
#include "commands.hpp"
#include "inspecting.hpp"
#include "shared_options.hpp"

#include "mlbuild/report/sbom.hpp"
#include "mlbuild/sys/atomic_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mlbuild::cli {
namespace {

struct SbomOptions {
  std::string image = "mlbuild.yaml", form = "spdx", file = "-";
  std::string variant, platform;
  bool locked = false;
  std::vector<std::string> insecure_registries;
};

/// The last part of the name, as package URLs have it.
std::string short_name(const std::string& place) {
  const ImagePlace parsed = ImagePlace::parse(place);
  std::string name = parsed.path.empty() ? parsed.reference.repository : parsed.path;
  while (name.ends_with('/')) name.pop_back();
  return name.substr(name.rfind('/') + 1);
}

std::string make_sbom(const SbomOptions& options, SbomForm form, World& world) {
  const SpecChoice choice{options.image, options.variant, options.platform, options.locked};
  refuse_spec_options(choice);
  if (ImagePlace::parse_unless_file(options.image)) {
    std::optional<oci::Platform> platform;
    if (!options.platform.empty()) platform = oci::Platform::parse(options.platform);
    InspectedImage image = inspect_place(options.image, platform, world);
    image.image.platform = image.config.platform;
    return sbom_json({short_name(options.image), image.image, image.contents, nullptr}, form);
  }
  const BuiltImage built = build_from_spec(choice, world);
  const InspectedImage image = inspect_built(built.spec->name, built, world);
  return sbom_json({built.spec->name, built.image, image.contents, built.request.image}, form);
}

int run_sbom(const SbomOptions& options, World& world) {
  const SbomForm form = parse_sbom_form(options.form);
  world.set_insecure_registries(options.insecure_registries);
  const std::string json = make_sbom(options, form, world);
  world.end_progress();
  if (options.file == "-") {
    world.print(json);
  } else {
    write_file_atomically(options.file, json);
  }
  return 0;
}

}  // namespace

void add_sbom_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<SbomOptions>();
  CLI::App* command = program.add_subcommand("sbom", "write an image's bill of materials: SPDX 2.3 or CycloneDX 1.5");
  command->add_option("IMAGE", options->image,
                      "the spec (default: mlbuild.yaml), which is built first; oci:DIR[:TAG], docker:FILE.tar, or "
                      "HOST/NAME:TAG in a registry");
  command->add_option("--format", options->form, "spdx (default) or cyclonedx");
  command->add_option("-o,--output", options->file, "file to write (default: stdout)");
  command->add_option("--variant", options->variant, "this variant of the spec");
  command->add_option("--platform", options->platform, "this one of several platforms; default: that of this machine");
  command->add_flag("--locked", options->locked, "fail when the lock is missing or does not answer the spec");
  add_insecure_registries(*command, options->insecure_registries);
  command->footer(
      "example: mlbuild sbom specs/sklearn-train/mlbuild.yaml --format cyclonedx -o sklearn-train.cdx.json");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_sbom(*options, world); }; });
}

}  // namespace mlbuild::cli
