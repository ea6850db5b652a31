#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// The image's layers as trees of the store, bottom to top: each is unpacked once, whatever images it is part of. Those
/// of a base that mlbuild did not make, and what hides files of it, are one tree; the others may hide what is below
/// them in the way of overlayfs. `layers` gives the bytes where a tree is missing.
class ImageRoots {
 public:
  ImageRoots(const std::vector<ImageLayer>& image_layers, BlobStore& layers, DiskStore& store, std::size_t threads,
             const Cancellation& cancellation);

  const std::vector<std::filesystem::path>& paths() const { return paths_; }
  /// What made the topmost tree that has this file of the image: "wheel numpy 1.26.4"; "" when none has.
  std::string made_by(const std::filesystem::path& path_in_image) const;

 private:
  std::vector<std::filesystem::path> paths_;
  std::vector<std::string> made_by_;
};

/// A file of the image as the topmost layer has it; nothing when there is none. Links are not followed.
std::optional<std::filesystem::path> find_in_roots(const std::vector<std::filesystem::path>& roots,
                                                   const std::filesystem::path& path_in_image);

}  // namespace mlbuild
