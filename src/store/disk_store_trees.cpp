// Unpacked roots. A tree is filled below tmp/ and renamed into place, so that one that is there is whole; what a killed
// process was filling is litter for gc. Its files are not verified again, hence the sync before the rename: of a large
// tree by syncfs, which also waits for what every other program has written, of a small one (an application's layer)
// file by file.

#include "disk_store_state.hpp"

#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <vector>

namespace mlbuild {
namespace {

constexpr std::size_t kSmallTree = 64;

void sync_one(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) throw_errno(errno, "sync", path);
}

/// Files and directories, the tree itself last; nothing when there are too many, or some that cannot be opened. Links
/// are part of their directory.
std::optional<std::vector<std::filesystem::path>> few_entries(const std::filesystem::path& tree) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree)) {
    if (entry.is_symlink()) continue;
    const bool is_plain = entry.is_directory() || entry.is_regular_file();
    if (!is_plain || found.size() == kSmallTree || ::access(entry.path().c_str(), R_OK) != 0) return std::nullopt;
    found.push_back(entry.path());
  }
  found.push_back(tree);
  return found;
}

void make_durable(const std::filesystem::path& tree) {
  if (const auto entries = few_entries(tree)) {
    for (const std::filesystem::path& entry : *entries) sync_one(entry);
    return;
  }
  const Fd fd(::open(tree.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::syncfs(fd.get()) != 0) throw_errno(errno, "sync", tree);
}

/// What `fill` did to the root itself must not keep us from renaming it (its mode) or make it look unused (its mtime).
void reset_root(const std::filesystem::path& tree) {
  if (::chmod(tree.c_str(), 0755) != 0) throw_errno(errno, "set the mode of", tree);
  if (::utimensat(AT_FDCWD, tree.c_str(), nullptr, 0) != 0) throw_errno(errno, "set the time of", tree);
}

}  // namespace

std::filesystem::path DiskStore::tree(const StepKey& key,
                                      const std::function<void(const std::filesystem::path&)>& fill) {
  const StoreLayout& layout = state_->layout;
  std::filesystem::path path = layout.tree(key);
  if (use_directory(path)) return path;
  make_directories(layout.trees());
  const FileLock single_flight(layout.tmp() / ("tree-" + key.hex() + ".lock"), FileLock::Mode::Exclusive);
  if (use_directory(path)) return path;
  const TempDir growing(layout.tmp(), "tree-");
  const std::filesystem::path content = growing.path() / "root";
  make_directories(content);
  fill(content);
  reset_root(content);
  make_durable(content);
  if (::rename(content.c_str(), path.c_str()) != 0) throw_errno(errno, "rename into", path);
  sync_directory(layout.trees());
  return path;
}

std::filesystem::path DiskStore::tool_cache(const std::string& tool) {
  std::filesystem::path path = state_->layout.tool_caches() / tool;
  make_directories(path);
  return path;
}

}  // namespace mlbuild
