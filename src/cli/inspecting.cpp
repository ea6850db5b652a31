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
  world.events().on(PublishStarted{name, inspected.image.compressed_size_bytes()});
  const ScanContext context{std::move(open), world.store(),
                            [&](std::uint64_t bytes) { world.events().on(BytesPublished{bytes}); },
                            world.cancellation(), world.threads()};
  const std::vector<LayerScan> scans = with_context([&] { return fmt::format("reading {}", printable(name)); },
                                                    [&] { return scan_image(inspected.image, context); });
  for (const LayerScan& scan : scans) inspected.plain_layer_bytes.push_back(scan.plain_size_bytes);
  inspected.contents = explain(scans);
  return inspected;
}

}  // namespace

InspectedImage inspect_place(const std::string& text, const std::optional<oci::Platform>& platform, World& world) {
  const std::unique_ptr<ImageSource> source = open_place(ImagePlace::parse(text), world);
  Image image = with_context([&] { return fmt::format("reading {}", printable(text)); },
                             [&] { return image_to_inspect(*source, platform, host_platform()); });
  SourceBlobs blobs(*source, {image});
  return inspect_layers(
      text, std::move(image), [&](const BlobDigest& digest) { return blobs.stream(digest); }, world);
}

std::optional<RecordedImage> inspect_record(const std::string& text, const std::optional<oci::Platform>& platform,
                                            World& world) {
  const ImagePlace place = ImagePlace::parse(text);
  if (place.kind != ImagePlace::Kind::Registry) return std::nullopt;
  const std::unique_ptr<ImageSource> source = open_place(place, world);
  RecordedImage recorded;
  recorded.image = with_context([&] { return fmt::format("reading {}", printable(text)); },
                                [&] { return image_to_inspect(*source, platform, host_platform()); });
  std::optional<RecordedContents> contents = recorded_contents(recorded.image);
  if (!contents || is_scanned(recorded.image, world.store())) return std::nullopt;
  recorded.contents = std::move(*contents);
  return recorded;
}

InspectedImage inspect_built(const std::string& name, const BuiltImage& built, World& world) {
  return inspect_layers(
      name, built.image, [&](const BlobDigest& digest) { return built.layers->stream(digest); }, world);
}

}  // namespace mlbuild::cli
