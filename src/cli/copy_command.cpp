#include "commands.hpp"
#include "destinations.hpp"
#include "image_places.hpp"
#include "json_text.hpp"
#include "shared_options.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/run/copy_image.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace mlbuild::cli {
namespace {

struct CopyOptions {
  std::string from, to;
  std::string name;  ///< -t
  std::string platform;
  std::vector<std::string> insecure_registries;
};

/// What `local_sink` knows, or refuses with what is possible instead.
bool is_file_or_daemon(const std::string& to) {
  constexpr std::array<std::string_view, 4> kPrefixes{"oci:", "docker:", "archive:", "daemon:"};
  if (to.starts_with("docker://")) return false;
  return to == "daemon" ||
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return to.starts_with(prefix); });
}

/// The name that the image gets: what the user says, else the one that it has.
std::string target_name(const CopyOptions& options, const ImagePlace& from) {
  if (!options.name.empty()) return options.name;
  if (from.kind == ImagePlace::Kind::Registry || from.tag.empty()) return from.name();
  return "image:" + from.tag;
}

std::unique_ptr<ImageSink> sink_to(const std::string& to, const ImagePlace& from, World& world) {
  if (is_file_or_daemon(to)) return local_sink(to, world);
  const oci::Reference where = ImagePlace::parse(to).reference;
  RegistryAccess access{world.http(), world.credentials(), world.registry_options(where.host)};
  access.client = world.registry(where.host);
  if (from.reference.host == where.host) access.mount_from.push_back(from.reference.repository);
  return make_sink("registry:" + where.to_string(), &access);
}

void show(const PublishResult& result, const CopyOptions& options, World& world) {
  world.end_progress();
  if (world.json()) {
    world.print(json_text({{"digest", result.digest.to_string()},
                           {"from", options.from},
                           {"reused_bytes", result.reused_bytes},
                           {"where", result.where},
                           {"written_bytes", result.written_bytes}}));
    return;
  }
  world.note(fmt::format("copied to {}: {} written, {} were there\n", result.where, human_bytes(result.written_bytes),
                         human_bytes(result.reused_bytes)));
  world.print(result.digest.to_string() + "\n");
}

int copy_image(const CopyOptions& options, World& world) {
  world.set_insecure_registries(options.insecure_registries);
  const ImagePlace from = ImagePlace::parse(options.from);
  std::optional<oci::Platform> platform;
  if (!options.platform.empty()) platform = oci::Platform::parse(options.platform);
  const std::unique_ptr<ImageSink> sink = sink_to(options.to, from, world);
  const std::unique_ptr<ImageSource> source = open_place(from, world);
  const ImageSet images = with_context([&] { return fmt::format("reading {}", printable(options.from)); },
                                       [&] { return image_to_copy(*source, platform); });
  sink->check(images.images().size());
  SourceBlobs blobs(*source, images);
  world.events().on(PublishStarted{options.to, images.compressed_size_bytes()});
  const auto on_bytes = [&](std::uint64_t written) { world.events().on(BytesPublished{written}); };
  const PublishResult result = with_context(
      [&] { return fmt::format("copying {} to {}", printable(options.from), printable(options.to)); },
      [&] { return sink->put(images, target_name(options, from), blobs, on_bytes, world.cancellation()); });
  show(result, options, world);
  return 0;
}

}  // namespace

void add_copy_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<CopyOptions>();
  CLI::App* command = program.add_subcommand("copy", "copy a finished image, byte for byte, from one place to another");
  command->alias("push")->alias("pull");
  command->add_option("FROM", options->from, "HOST/NAME:TAG in a registry, oci:DIR[:TAG], or docker:FILE.tar")
      ->required();
  command->add_option("TO", options->to, "HOST/NAME:TAG, oci:DIR, docker:FILE.tar, or daemon")->required();
  command->add_option("-t,--tag", options->name,
                      "name that the image gets in oci:, docker: and daemon; default: its own");
  command->add_option("--platform", options->platform, "only this one of several platforms, e.g. linux/amd64");
  add_insecure_registries(*command, options->insecure_registries);
  command->footer("example: mlbuild copy oci:out/sklearn-train registry.example/team/churn-train:1.4");
  command->callback([options, &chosen] { chosen = [options](World& world) { return copy_image(*options, world); }; });
}

}  // namespace mlbuild::cli
