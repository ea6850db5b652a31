#pragma once

#include "mlbuild/layer/base_directories.hpp"
#include "mlbuild/layer/layer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

inline constexpr std::string_view kFilesLayerKind = "files-layer";  ///< of the key card

/// One entry of an app or generated layer.
struct LayerFile {
  std::string path;  ///< in the image, relative
  TarType type = TarType::File;
  bool executable = false;
  std::uint64_t size_bytes = 0;
  BlobDigest digest;        ///< File
  std::string link_target;  ///< Symlink
};

struct FilesLayerParameters {
  std::string label;  ///< "app": for facts and history only, not part of the bytes
  std::int64_t epoch_seconds = 315532800;
  int deflate_level = 6;
  BaseDirectories base_directories = {};  ///< those that entries lie in are part of the key card
};

/// Opens a file's content; the recipe checks size and digest while it reads (a file that changed since it was hashed is
/// Error{Step}: "changed while it was read").
using FileOpener = std::function<std::unique_ptr<Source>(const LayerFile&)>;

/// Files as one layer, sorted, missing parents added, modes 0644/0755, owner root; directories that the base has
/// otherwise stay as they are there.
class FilesLayerRecipe final : public LayerRecipe {
 public:
  FilesLayerRecipe(std::vector<LayerFile> files, FilesLayerParameters parameters, FileOpener open);
  KeyCard card() const override;
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override { return false; }

 private:
  std::vector<LayerFile> files_;
  FilesLayerParameters parameters_;
  FileOpener open_;
};

}  // namespace mlbuild
