#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/inspect/contents.hpp"
#include "mlbuild/inspect/image_diff.hpp"
#include "mlbuild/inspect/recorded_contents.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mlbuild {

/// An image that was looked at as a whole.
struct InspectedImage {
  std::string name;  ///< as the user wrote it
  Image image;
  oci::ImageConfig config;
  std::vector<std::uint64_t> plain_layer_bytes;  ///< of each layer's tar
  ImageContents contents;
};

/// How much of each table is shown: of packages and of files.
struct ShownRows {
  std::size_t packages = 20;
  std::size_t files = 0;
};

/// Layers, the largest packages, and what the image may do without.
std::string contents_text(const InspectedImage& image, const ShownRows& rows);
/// Everything: {"digest","layers":[...],"packages":[...],"waste":[...],"duplicates":[...],"files":[...]}.
std::string contents_json(const InspectedImage& image);

/// What the manifest itself tells of layers and packages; files would have to be read.
std::string recorded_text(const std::string& name, const Image& image, const RecordedContents& contents,
                          const ShownRows& rows);
/// The same members as contents_json() but files, duplicates and waste, which are null.
std::string recorded_json(const std::string& name, const Image& image, const RecordedContents& contents);

/// What made the second image larger or smaller than the first: packages, then files, then config.
std::string diff_text(const InspectedImage& before, const InspectedImage& after, const ImageDiff& diff,
                      const ShownRows& rows);
std::string diff_json(const InspectedImage& before, const InspectedImage& after, const ImageDiff& diff);

}  // namespace mlbuild
