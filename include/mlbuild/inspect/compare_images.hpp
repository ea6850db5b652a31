#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/inspect/image_diff.hpp"
#include "mlbuild/inspect/layer_scan.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// A layer that an image has, that building it again gave, or both.
struct LayerComparison {
  std::string created_by;
  std::optional<BlobDigest> found, made;
  std::uint64_t size_bytes = 0;   ///< of the one found, else of the one made
  bool other_key = false;         ///< another recipe or other inputs, say the two steps' keys
  std::vector<FileChange> files;  ///< of layers that differ: from the one found to the one made, by path
  bool same() const { return found && found == made; }
};

struct ImageComparison {
  std::vector<LayerComparison> layers;  ///< in the order of the image found; then what only the other has
  std::vector<ConfigChange> config;     ///< from the image found to the one made
  bool same_config = false;             ///< byte for byte
  bool same_manifest = false;           ///< likewise
  bool same() const;
  std::size_t same_layers() const;
};

/// Reads a layer of one of the two images; asked only for layers that differ.
using LayerReader = std::function<LayerScan(const ImageLayer&)>;

/// Byte by byte, and where bytes differ what it is: files by type, size and CRC-32, links by where they lead. Layers
/// belong together when the same line of history made them, or one about the same thing ("wheel numpy").
ImageComparison compare_images(const Image& found, const Image& made, const LayerReader& read_found,
                               const LayerReader& read_made);

}  // namespace mlbuild
