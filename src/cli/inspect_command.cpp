#include "commands.hpp"
#include "inspecting.hpp"
#include "shared_options.hpp"

#include "mlbuild/report/contents_text.hpp"

#include <CLI/CLI.hpp>

#include <limits>

namespace mlbuild::cli {
namespace {

struct InspectOptions {
  std::string image, other;
  std::string platform;
  bool all = false, read = false;
  std::size_t files = 0;
  std::vector<std::string> insecure_registries;
};

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

std::optional<oci::Platform> platform_of(const InspectOptions& options) {
  if (options.platform.empty()) return std::nullopt;
  return oci::Platform::parse(options.platform);
}

void show(const InspectedImage& image, const ShownRows& rows, World& world) {
  world.end_progress();
  world.print(world.json() ? contents_json(image) + "\n" : contents_text(image, rows));
}

int inspect_image(const InspectOptions& options, World& world) {
  world.set_insecure_registries(options.insecure_registries);
  ShownRows rows;
  if (options.all) rows.packages = kAll;
  rows.files = options.files;
  if (rows.files > 0 || options.read) {
    show(inspect_place(options.image, platform_of(options), world), rows, world);
    return 0;
  }
  const auto found = inspect_place_or_record(options.image, platform_of(options), world);
  if (const auto* image = std::get_if<InspectedImage>(&found)) {
    show(*image, rows, world);
    return 0;
  }
  const auto& record = std::get<RecordedImage>(found);
  world.end_progress();
  world.print(world.json() ? recorded_json(options.image, record.image, record.contents) + "\n"
                           : recorded_text(options.image, record.image, record.contents, rows));
  return 0;
}

int diff_images(const InspectOptions& options, World& world) {
  world.set_insecure_registries(options.insecure_registries);
  const InspectedImage before = inspect_place(options.image, platform_of(options), world);
  const InspectedImage after = inspect_place(options.other, platform_of(options), world);
  world.end_progress();
  ImageDiff diff = mlbuild::diff_images(before.contents, after.contents);
  diff.config = diff_configs(before.config, after.config);
  ShownRows rows{15, 10};
  if (options.all) rows = {kAll, kAll};
  world.print(world.json() ? diff_json(before, after, diff) + "\n" : diff_text(before, after, diff, rows));
  return 0;
}

void add_choices(CLI::App& command, const std::shared_ptr<InspectOptions>& options) {
  command.add_option("--platform", options->platform, "this one of several platforms; default: that of this machine");
  command.add_flag("--all", options->all, "every row of each table");
  add_insecure_registries(command, options->insecure_registries);
}

constexpr const char* kPlaces =
    "HOST/NAME:TAG in a registry, oci:DIR[:TAG], docker:FILE.tar, or daemon:NAME:TAG; of any builder";

}  // namespace

void add_inspect_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = program.add_subcommand("inspect", "show what an image consists of, by layer, package and file");
  command->add_option("IMAGE", options->image, kPlaces)->required();
  command->add_option("--files", options->files, "show so many of the largest files");
  command->add_flag("--read-layers", options->read,
                    "read the layers even where the manifest of an image in a registry tells what is in them");
  add_choices(*command, options);
  command->footer("example: mlbuild inspect oci:out/sklearn-train --files 10");
  command->callback(
      [options, &chosen] { chosen = [options](World& world) { return inspect_image(*options, world); }; });
}

void add_diff_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = program.add_subcommand("diff", "show what made one image larger or smaller than another");
  command->add_option("BEFORE", options->image, kPlaces)->required();
  command->add_option("AFTER", options->other, kPlaces)->required();
  add_choices(*command, options);
  command->footer("example: mlbuild diff registry.example/ml/train:1.3 oci:out/train");
  command->callback([options, &chosen] { chosen = [options](World& world) { return diff_images(*options, world); }; });
}

}  // namespace mlbuild::cli
