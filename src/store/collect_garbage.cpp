// Removal by age. The lock is ours alone, so no build runs and nothing is being written: what lies in tmp/ belongs to
// the dead. Killed at any moment, it leaves a store that is whole: files go one by one, trees by a rename first.

#include "store_scan.hpp"
#include "virtual_blob_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/file_lock.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <optional>
#include <set>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

/// Not std::time, whose clock goes in ticks: a file that was just written may be a second younger by it.
std::time_t now_seconds() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

class Collector {
 public:
  Collector(const fs::path& root, std::chrono::seconds older_than)
      : layout_(root), last_removed_(now_seconds() - older_than.count()) {}

  GcResult run() {
    empty(layout_.tmp());
    empty(layout_.quarantine());
    const std::set<std::string> needed = sweep_virtual_blobs();
    sweep(layout_.blobs(), needed);
    sweep(layout_.keys(), {});
    sweep(layout_.cards(), {});
    sweep_trees();
    sweep_tool_caches();
    if (failure_) throw failure_->hint("all else was cleaned up; what another user left there, that user can remove");
    return result_;
  }

 private:
  bool is_old(const struct stat& status) const { return status.st_mtime <= last_removed_; }

  /// What cannot be removed must not keep the rest: its error is thrown at the end.
  void remove_counted(std::uint64_t bytes, const std::function<void()>& remove) {
    try {
      remove();
      ++result_.removed_files;
      result_.removed_bytes += bytes;
    } catch (const Error& error) {
      if (!failure_) failure_ = error;
    }
  }

  void remove_file(const fs::path& path, const struct stat& status) {
    remove_counted(static_cast<std::uint64_t>(status.st_size), [&] {
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno(errno, "remove", path);
    });
  }

  void empty(const fs::path& directory) {
    for (const fs::path& path : list_directory(directory)) {
      struct stat status {};
      if (::lstat(path.c_str(), &status) != 0) continue;
      const std::uint64_t bytes =
          S_ISDIR(status.st_mode) ? tree_bytes(path) : static_cast<std::uint64_t>(status.st_size);
      remove_counted(bytes, [&] { remove_tree(path); });
    }
  }

  void keep_or_remove(const fs::path& path, const struct stat& status, bool keep) {
    if (!keep) return remove_file(path, status);
    result_.kept_bytes += static_cast<std::uint64_t>(status.st_size);
  }

  /// Old or unreadable virtual blobs go; returns the names of the sources of those that stay.
  std::set<std::string> sweep_virtual_blobs() {
    std::set<std::string> needed;
    for_each_file(layout_.virtual_blobs(), [&](const fs::path& path, const struct stat& status) {
      const std::optional<VirtualBlobHeader> header = read_virtual_header(path);
      const bool keep = is_digest_named(path) && !is_old(status) && header;
      if (keep) {
        for (const BlobDigest& source : header->sources) needed.insert(source.hex());
      }
      keep_or_remove(path, status, keep);
    });
    return needed;
  }

  void sweep(const fs::path& directory, const std::set<std::string>& needed) {
    for_each_file(directory, [&](const fs::path& path, const struct stat& status) {
      const bool wanted = !is_old(status) || needed.contains(path.filename().string());
      keep_or_remove(path, status, is_digest_named(path) && wanted);
    });
  }

  void sweep_trees() {
    for (const fs::path& tree : list_directory(layout_.trees())) {
      struct stat status {};
      if (::lstat(tree.c_str(), &status) != 0) continue;
      keep_or_remove_tree(tree, is_digest_named(tree) && !is_old(status));
    }
  }

  /// Tools that are used never stop adding to theirs, so what counts is when they began: that of the directory above.
  void sweep_tool_caches() {
    struct stat begun {};
    if (::lstat(layout_.tool_caches().c_str(), &begun) != 0) return;
    for (const fs::path& cache : list_directory(layout_.tool_caches())) {
      keep_or_remove_tree(cache, !is_old(begun));
    }
  }

  void keep_or_remove_tree(const fs::path& tree, bool keep) {
    const std::uint64_t bytes = tree_bytes(tree);
    if (!keep) return remove_whole_tree(tree, bytes);
    result_.kept_bytes += bytes;
  }

  void remove_whole_tree(const fs::path& tree, std::uint64_t bytes) {
    remove_counted(bytes, [&] {
      const fs::path doomed = layout_.tmp() / ("removed-" + tree.filename().string());
      if (::rename(tree.c_str(), doomed.c_str()) != 0) throw_errno(errno, "remove", tree);
      remove_tree(doomed);
    });
  }

  StoreLayout layout_;
  std::time_t last_removed_;  ///< used then or before: removed
  GcResult result_;
  std::optional<Error> failure_;  ///< the first
};

}  // namespace

GcResult collect_garbage(const fs::path& root, std::chrono::seconds older_than) {
  const StoreLayout layout(root);
  if (!layout.is_made()) return {};
  const FileLock alone(layout.lock(), FileLock::Mode::Exclusive);
  return Collector(root, older_than).run();
}

}  // namespace mlbuild
