#pragma once

#include "built_image.hpp"
#include "image_places.hpp"

#include "mlbuild/inspect/recorded_contents.hpp"
#include "mlbuild/report/contents_text.hpp"

#include <optional>
#include <string>
#include <variant>

namespace mlbuild::cli {

/// Reads every layer of the image at `place` that was not read before. Of several platforms that of this machine is
/// taken when none is given.
InspectedImage inspect_place(const std::string& place, const std::optional<oci::Platform>& platform, World& world);

/// An image of a registry that was looked at without its layers, since mlbuild made it and they were not read before.
struct RecordedImage {
  Image image;
  RecordedContents contents;
};
/// Reads layers only where it has to: elsewhere than in a registry that costs no download.
std::variant<InspectedImage, RecordedImage> inspect_place_or_record(const std::string& place,
                                                                    const std::optional<oci::Platform>& platform,
                                                                    World& world);

/// The same of an image that was just built.
InspectedImage inspect_built(const std::string& name, const BuiltImage& built, World& world);
/// Scans of all layers, remembered in the store.
std::vector<LayerScan> scan_layers(const Image& image, BlobStore& layers, World& world);
InspectedImage inspect_stored(const std::string& name, const Image& image, BlobStore& layers, World& world);

}  // namespace mlbuild::cli
