#include "inspecting.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/inspect/scan_image.hpp"
#include "mlbuild/run/copy_image.hpp"
#include "mlbuild/run/host_platform.hpp"

#include <fmt/format.h>

namespace mlbuild::cli {
namespace {

/// Without a platform an image alone is taken as it is.
Image image_of(ImageSource& source, const std::optional<oci::Platform>& platform) {
  const bool is_index = oci::is_index_type(source.top().media_type);
  if (platform || is_index) return image_to_copy(source, platform ? *platform : host_platform()).images().front();
  return image_to_copy(source, std::nullopt).images().front();
}

}  // namespace

InspectedImage inspect_place(const std::string& text, const std::optional<oci::Platform>& platform, World& world) {
  const ImagePlace place = ImagePlace::parse(text);
  const std::unique_ptr<ImageSource> source = open_place(place, world);
  InspectedImage inspected;
  inspected.name = text;
  inspected.image = with_context([&] { return fmt::format("reading {}", printable(text)); },
                                 [&] { return image_of(*source, platform); });
  inspected.config = oci::parse_config(inspected.image.config_json);
  world.events().on(PublishStarted{text, inspected.image.compressed_size_bytes()});
  SourceBlobs blobs(*source, {inspected.image});
  const ScanContext context{[&](const BlobDigest& digest) { return blobs.stream(digest); }, world.store(),
                            [&](std::uint64_t bytes) { world.events().on(BytesPublished{bytes}); },
                            world.cancellation(), world.threads()};
  const std::vector<LayerScan> scans = with_context([&] { return fmt::format("reading {}", printable(text)); },
                                                    [&] { return scan_image(inspected.image, context); });
  for (const LayerScan& scan : scans) inspected.plain_layer_bytes.push_back(scan.plain_size_bytes);
  inspected.contents = explain(scans);
  return inspected;
}

}  // namespace mlbuild::cli
