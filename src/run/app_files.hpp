#pragma once

#include "mlbuild/layer/files_layer.hpp"
#include "mlbuild/spec/spec.hpp"

#include <vector>

namespace mlbuild {

/// The application's files with their digests, and how to open them again.
struct HashedAppFiles {
  std::vector<LayerFile> files;
  FileOpener open;
};
HashedAppFiles hash_app_files(const std::vector<AppFile>& files);

}  // namespace mlbuild
