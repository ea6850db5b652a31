#include "commands.hpp"
#include "image_places.hpp"
#include "locking.hpp"
#include "shared_options.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/image/known_layers.hpp"
#include "mlbuild/report/verify_text.hpp"
#include "mlbuild/run/base_blobs.hpp"
#include "mlbuild/run/copy_image.hpp"
#include "mlbuild/run/host_platform.hpp"
#include "mlbuild/run/rebuild.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mlbuild::cli {
namespace {

struct VerifyOptions {
  std::string image, spec, variant, platform;
  std::vector<std::string> insecure_registries;
};

Image found_image(ImageSource& source, const VerifyOptions& options) {
  std::optional<oci::Platform> platform;
  if (!options.platform.empty()) platform = oci::Platform::parse(options.platform);
  return with_context([&] { return fmt::format("reading {}", printable(options.image)); },
                      [&] { return image_to_inspect(source, platform, host_platform()); });
}

/// What lies in files may have rotted; what a registry keeps is looked at by its digest each time.
void read_all_layers(const Image& image, BlobStore& layers, World& world) {
  world.events().on(PublishStarted{"the layers", image.compressed_size_bytes(), "reading"});
  for (const ImageLayer& layer : image.layers) {
    const std::unique_ptr<Source> bytes = layers.stream(layer.facts.digest);
    NullSink nowhere;
    copy(*bytes, nowhere);
    world.cancellation().check();
    world.events().on(BytesPublished{layer.facts.size_bytes});
  }
}

/// The build of a spec as it is now, with its lock.
Rebuild rebuild_of_spec(const Image& found, const VerifyOptions& options, World& world) {
  const oci::ImageConfig config = oci::parse_config(found.config_json);
  Rebuild rebuild;
  rebuild.spec = read_spec(options.spec);
  const SpecVariant variant = rebuild.spec.variant(options.variant);
  const Lock lock = ensure_lock(rebuild.spec, LockPolicy::Locked, world);
  rebuild.lock.images = {*chosen_images(rebuild.spec, lock, options.variant, {config.platform.to_string()}).front()};
  rebuild.spec.variants = {variant};
  rebuild.epoch_seconds = created_epoch_seconds(config).value_or(BuildRequest().epoch_seconds);
  return rebuild;
}

ImageComparison compare(const Image& found, const Image& made, SourceBlobs& found_layers, BlobStore& made_layers,
                        const Cancellation& cancellation) {
  const auto reader = [&](BlobStore& layers) {
    return [&layers, &cancellation](const ImageLayer& layer) {
      return scan_layer(*layers.stream(layer.facts.digest), cancellation);
    };
  };
  return compare_images(found, made, reader(found_layers), reader(made_layers));
}

/// docker keeps no manifest: whoever reads what it saved makes one up, which tells nothing of ours.
bool has_lost_manifest(const ImagePlace& place, const Image& found) {
  if (place.kind != ImagePlace::Kind::Archive && place.kind != ImagePlace::Kind::Daemon) return false;
  const oci::Manifest manifest = oci::parse_manifest(found.manifest_json);
  return !build_record_of(manifest) && !has_known_layers(manifest);
}

int run_verify(const VerifyOptions& options, World& world) {
  world.set_insecure_registries(options.insecure_registries);
  const ImagePlace place = ImagePlace::parse(options.image);
  const std::unique_ptr<ImageSource> source = open_place(place, world);
  const Image found = found_image(*source, options);
  SourceBlobs found_layers(*source, {found});
  if (place.kind != ImagePlace::Kind::Registry) read_all_layers(found, found_layers, world);
  const TempDir directory;
  const Rebuild rebuild = options.spec.empty() ? rebuild_of(found, found_layers, directory.path(), world.cancellation())
                                               : rebuild_of_spec(found, options, world);
  BuildContext context = world.build_context();
  if (options.spec.empty()) {
    context.open_base = [&found_layers](const Spec&, const ForeignBase&) { return base_in(found_layers); };
  }
  const BuildRequest request = rebuild.request();
  const BuildResult result = build_image(request, context);
  BaseBlobs made_layers(world.store());
  if (const auto& base = request.image->base_image) {
    made_layers.add(*base, context.open_base(*request.spec, *request.variant->foreign_base));
  }
  VerifiedImage verified{options.image, found.manifest.digest, result.image.manifest.digest,
                         options.spec.empty() ? "the record in the image; the application's files are the image's own"
                                              : options.spec + " and its lock",
                         compare(found, result.image, found_layers, made_layers, world.cancellation())};
  if (has_lost_manifest(place, found)) verified.comparison.same_manifest = true;
  world.end_progress();
  world.print(world.json() ? verify_json(verified) + "\n" : verify_text(verified));
  if (verified.comparison.same()) return 0;
  if (world.json()) return exit_code(ErrorKind::Gate);  // stdout is one document
  throw Error(ErrorKind::Gate, fmt::format("building {} again gives another image, {}", printable(options.image),
                                           result.image.manifest.digest.to_string()))
      .hint("the lines above say what differs; an image made by another release can be verified with that release");
}

}  // namespace

void add_verify_command(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = program.add_subcommand("verify", "build an image again and compare it layer by layer");
  command->add_option("IMAGE", options->image, "HOST/NAME:TAG in a registry, oci:DIR[:TAG], or docker:FILE.tar")
      ->required();
  command->add_option("SPEC", options->spec,
                      "build it from this spec and its lock (default: from the record that the image carries)");
  command->add_option("--variant", options->variant, "of this variant of the spec");
  command->add_option("--platform", options->platform, "this one of several platforms; default: that of this machine");
  add_insecure_registries(*command, options->insecure_registries);
  command->footer("example: mlbuild verify registry.example/ml/churn-train:1.4");
  command->callback([options, &chosen] { chosen = [options](World& world) { return run_verify(*options, world); }; });
}

}  // namespace mlbuild::cli
