#pragma once

#include "blob_copy.hpp"

#include "mlbuild/image/image.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// An image in the form of `docker save` (moby image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format"):
/// manifest.json, the config, the layers. Its length is known before a byte is read, so that it can go into a file as
/// well as over HTTP. Deterministic. The image must outlive it.
class DockerArchive {
 public:
  /// Throws Error{Usage} for a tag that names no image; an empty one leaves the image without name.
  DockerArchive(const Image& image, const std::string& tag);

  std::uint64_t size_bytes() const;
  /// The bytes from the start, the layers verified from the store; asks for cancellation with each read and tells of
  /// layers and config as they are read. What is given by reference, and the archive, must outlive the source.
  std::unique_ptr<Source> open(BlobStore& store, const CopyControl& control) const;

  /// Either bytes or a layer.
  struct Part {
    std::string bytes;
    std::uint64_t told_bytes = 0;  ///< of them, to CopyControl
    const ImageLayer* layer = nullptr;
    std::uint64_t size_bytes() const { return layer == nullptr ? bytes.size() : layer->facts.size_bytes; }
  };

 private:
  void begin_file(const std::string& path, std::uint64_t size_bytes);
  void add_text(const std::string& path, const std::string& content, std::uint64_t told_bytes);
  void add_layer(const ImageLayer& layer);

  std::vector<Part> parts_;
};

/// Refuses several platforms: Error{Usage} "`holder` one platform, the image has 2".
void check_single_image(std::size_t image_count, const std::string& holder);
/// The only image of the list. More are Error{Usage}: "`holder` one platform, the image has 2".
const Image& single_image(const ImageSet& set, const std::string& holder);

}  // namespace mlbuild
