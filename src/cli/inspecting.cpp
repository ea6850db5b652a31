#include "inspecting.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/inspect/scan_image.hpp"
#include "mlbuild/run/copy_image.hpp"
#include "mlbuild/run/host_platform.hpp"

#include <fmt/format.h>

namespace mlbuild::cli {
InspectedImage inspect_place(const std::string& text, const std::optional<oci::Platform>& platform, World& world) {
  const ImagePlace place = ImagePlace::parse(text);
  const std::unique_ptr<ImageSource> source = open_place(place, world);
  InspectedImage inspected;
  inspected.name = text;
  inspected.image = with_context([&] { return fmt::format("reading {}", printable(text)); },
                                 [&] { return image_to_inspect(*source, platform, host_platform()); });
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
