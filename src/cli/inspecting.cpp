#include "inspecting.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/inspect/scan_image.hpp"
#include "mlbuild/run/copy_image.hpp"
#include "mlbuild/run/host_platform.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace mlbuild::cli {
namespace {

using OpenLayer = std::function<std::unique_ptr<Source>(const BlobDigest&)>;

InspectedImage inspect_layers(const std::string& name, Image image, OpenLayer open, World& world) {
  InspectedImage inspected;
  inspected.name = name;
  inspected.image = std::move(image);
  inspected.config = oci::parse_config(inspected.image.config_json);
  world.events().on(PublishStarted{name, inspected.image.compressed_size_bytes(), "reading"});
  const ScanContext context{std::move(open), world.store(),
                            [&](std::uint64_t bytes) { world.events().on(BytesPublished{bytes}); },
                            world.cancellation(), world.threads()};
  const std::vector<LayerScan> scans = with_context([&] { return fmt::format("reading {}", printable(name)); },
                                                    [&] { return scan_image(inspected.image, context); });
  for (const LayerScan& scan : scans) inspected.plain_layer_bytes.push_back(scan.plain_size_bytes);
  inspected.contents = explain(scans);
  return inspected;
}

/// An image where somebody keeps it.
struct OpenedImage {
  std::unique_ptr<ImageSource> source;
  Image image;
};

OpenedImage open_image(const std::string& text, const std::optional<oci::Platform>& platform, World& world) {
  OpenedImage opened;
  opened.source = open_place(ImagePlace::parse(text), world);
  opened.image = with_context([&] { return fmt::format("reading {}", printable(text)); },
                              [&] { return image_to_inspect(*opened.source, platform, host_platform()); });
  return opened;
}

InspectedImage inspect_opened(const std::string& text, const OpenedImage& opened, World& world) {
  SourceBlobs blobs(*opened.source, {opened.image});
  return inspect_layers(
      text, opened.image, [&](const BlobDigest& digest) { return blobs.stream(digest); }, world);
}

}  // namespace

InspectedImage inspect_place(const std::string& text, const std::optional<oci::Platform>& platform, World& world) {
  return inspect_opened(text, open_image(text, platform, world), world);
}

std::variant<InspectedImage, RecordedImage> inspect_place_or_record(const std::string& text,
                                                                    const std::optional<oci::Platform>& platform,
                                                                    World& world) {
  const OpenedImage opened = open_image(text, platform, world);
  const bool is_far = ImagePlace::parse(text).kind == ImagePlace::Kind::Registry;
  std::optional<RecordedContents> contents = is_far ? recorded_contents(opened.image) : std::nullopt;
  if (!contents || is_scanned(opened.image, world.store())) return inspect_opened(text, opened, world);
  return RecordedImage{opened.image, std::move(*contents)};
}

InspectedImage inspect_stored(const std::string& name, const Image& image, BlobStore& layers, World& world) {
  return inspect_layers(
      name, image, [&](const BlobDigest& digest) { return layers.stream(digest); }, world);
}

std::vector<LayerScan> scan_layers(const Image& image, BlobStore& layers, World& world) {
  const ScanContext context{[&](const BlobDigest& digest) { return layers.stream(digest); }, world.store(),
                            [&](std::uint64_t) {}, world.cancellation(), world.threads()};
  return scan_image(image, context);
}

InspectedImage inspect_built(const std::string& name, const BuiltImage& built, World& world) {
  return inspect_stored(name, built.image, *built.layers, world);
}

}  // namespace mlbuild::cli
