#include "app_files.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/file.hpp"

#include <map>
#include <memory>
#include <utility>

namespace mlbuild {
namespace {

LayerFile hash_app_file(const AppFile& file) {
  LayerFile hashed;
  hashed.path = file.path_in_image;
  hashed.executable = file.executable;
  if (file.link_target) {
    hashed.type = TarType::Symlink;
    hashed.link_target = *file.link_target;
  } else if (file.is_directory) {
    hashed.type = TarType::Directory;
  } else {
    FileSource content(file.host_path);
    NullSink nowhere;
    HashingSink hash(nowhere);
    copy(content, hash);
    hashed.size_bytes = hash.size_bytes();
    hashed.digest = BlobDigest(hash.digest());
  }
  return hashed;
}

}  // namespace

HashedAppFiles hash_app_files(const std::vector<AppFile>& files) {
  HashedAppFiles result;
  std::map<std::string, std::filesystem::path> host_paths;
  result.files.reserve(files.size());
  for (const AppFile& file : files) {
    result.files.push_back(hash_app_file(file));
    host_paths.emplace(file.path_in_image, file.host_path);
  }
  result.open = [paths = std::move(host_paths)](const LayerFile& file) -> std::unique_ptr<Source> {
    return std::make_unique<FileSource>(paths.at(file.path));
  };
  return result;
}

}  // namespace mlbuild
