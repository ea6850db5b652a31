#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace mlbuild {

/// The image's layers as trees of the store, bottom to top: each is unpacked once, whatever images it is part of.
/// `layers` gives their bytes where a tree is missing.
std::vector<std::filesystem::path> image_roots(const Image& image, BlobStore& layers, DiskStore& store,
                                               std::size_t threads, const Cancellation& cancellation);

/// A file of the image as the topmost layer has it; nothing when there is none. Links are not followed.
std::optional<std::filesystem::path> find_in_roots(const std::vector<std::filesystem::path>& roots,
                                                   const std::filesystem::path& path_in_image);

}  // namespace mlbuild
