// What looks at the whole store: list, usage, verify, gc.

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/file.hpp"
#include "segment_format.hpp"
#include "store_layout.hpp"

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using Visit = std::function<void(const fs::path&, const struct stat&)>;

void for_each_file(const fs::path& directory, const Visit& visit) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error)) paths.push_back(it->path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) visit(path, status);
  }
}

std::uint64_t tree_bytes(const fs::path& directory) {
  std::uint64_t sum = 0;
  for_each_file(directory, [&](const fs::path&, const struct stat& status) { sum += static_cast<std::uint64_t>(status.st_size); });
  return sum;
}

bool is_digest_named(const fs::path& path) { return Digest::is_hex(path.filename().string()); }

VirtualBlob read_virtual(const fs::path& path) {
  const DiskFile file(path);
  return decode_virtual_blob(read_all(file, std::uint64_t{1} << 30U));
}

std::string why_blob_is_damaged(const fs::path& path) {
  NullSink nowhere;
  HashingSink hash(nowhere);
  FileSource file(path);
  copy(file, hash);
  const std::string digest = hash.digest().hex();
  return digest == path.filename() ? "" : fmt::format("its bytes have digest {}", digest);
}

std::string why_virtual_is_damaged(const fs::path& path) {
  try {
    read_virtual(path);
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

std::string why_small_file_is_damaged(const fs::path& path) {
  return checked_payload(read_text_file(path)) ? "" : "its checksum differs";
}

class Verifier {
 public:
  Verifier(const fs::path& root, bool repair) : layout_(root), repair_(repair) {}
  std::vector<StoreDamage> run() {
    check(layout_.blobs(), why_blob_is_damaged);
    check(layout_.virtual_blobs(), why_virtual_is_damaged);
    check(layout_.keys(), why_small_file_is_damaged);
    check(layout_.cards(), why_small_file_is_damaged);
    return std::move(damages_);
  }

 private:
  void check(const fs::path& directory, const std::function<std::string(const fs::path&)>& why_damaged) {
    for_each_file(directory, [&](const fs::path& path, const struct stat&) {
      if (!is_digest_named(path)) return;  // a writer's temporary file, or litter of a dead one: gc's business
      const std::string why = why_damaged(path);
      if (why.empty()) return;
      damages_.push_back({fs::relative(path, layout_.root()).string(), why});
      if (repair_) move_aside(layout_, path);
    });
  }

  StoreLayout layout_;
  bool repair_;
  std::vector<StoreDamage> damages_;
};

class Collector {
 public:
  Collector(const fs::path& root, std::chrono::seconds older_than)
      : layout_(root), oldest_kept_(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - older_than)) {}

  GcResult run() {
    remove_all_in(layout_.tmp());  // no writer lives: we hold the store alone
    remove_all_in(layout_.quarantine());
    const std::set<std::string> needed = sweep_virtual_blobs();
    sweep(layout_.blobs(), needed);
    sweep(layout_.keys(), {});
    sweep(layout_.cards(), {});
    sweep_trees();
    return result_;
  }

 private:
  bool is_old(const struct stat& status) const { return status.st_mtime < oldest_kept_; }

  void remove(const fs::path& path, std::uint64_t bytes) {
    remove_tree(path);
    ++result_.removed_files;
    result_.removed_bytes += bytes;
  }

  void remove_all_in(const fs::path& directory) {
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) entries.push_back(it->path());
    for (const fs::path& entry : entries) remove(entry, fs::is_directory(entry, error) ? tree_bytes(entry) : fs::file_size(entry, error));
  }

  void keep_or_remove(const fs::path& path, const struct stat& status, bool keep) {
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    if (keep) {
      result_.kept_bytes += bytes;
    } else {
      remove(path, bytes);
    }
  }

  /// Old virtual blobs go; the sources of those that stay are needed.
  std::set<std::string> sweep_virtual_blobs() {
    std::set<std::string> needed;
    for_each_file(layout_.virtual_blobs(), [&](const fs::path& path, const struct stat& status) {
      const bool keep = is_digest_named(path) && !is_old(status) && why_virtual_is_damaged(path).empty();
      if (keep) {
        for (const Segment& segment : read_virtual(path).segments) {
          if (const auto* range = std::get_if<RangeSegment>(&segment)) needed.insert(range->blob.hex());
        }
      }
      keep_or_remove(path, status, keep);
    });
    return needed;
  }

  void sweep(const fs::path& directory, const std::set<std::string>& needed) {
    for_each_file(directory, [&](const fs::path& path, const struct stat& status) {
      keep_or_remove(path, status, is_digest_named(path) && (!is_old(status) || needed.contains(path.filename().string())));
    });
  }

  void sweep_trees() {
    std::error_code error;
    std::vector<fs::path> trees;
    for (fs::directory_iterator it(layout_.trees(), error), end; !error && it != end; it.increment(error)) trees.push_back(it->path());
    for (const fs::path& tree : trees) {
      struct stat status {};
      if (::lstat(tree.c_str(), &status) != 0) continue;
      const std::uint64_t bytes = tree_bytes(tree);
      if (is_old(status) || !is_digest_named(tree)) {
        remove(tree, bytes);
      } else {
        result_.kept_bytes += bytes;
      }
    }
  }

  StoreLayout layout_;
  std::time_t oldest_kept_;
  GcResult result_;
};

DiskStore::Listed listed(const fs::path& path, const struct stat& status, bool is_virtual) {
  DiskStore::Listed entry;
  entry.digest = BlobDigest::parse(path.filename().string());
  entry.size_bytes = static_cast<std::uint64_t>(status.st_size);
  entry.is_virtual = is_virtual;
  entry.last_used = std::chrono::system_clock::from_time_t(status.st_mtime);
  return entry;
}

}  // namespace

DiskStore::Usage DiskStore::usage() {
  const StoreLayout layout(root_);
  Usage usage;
  for_each_file(layout.blobs(), [&](const fs::path&, const struct stat& status) {
    ++usage.blobs;
    usage.blob_bytes += static_cast<std::uint64_t>(status.st_size);
  });
  for_each_file(layout.virtual_blobs(), [&](const fs::path&, const struct stat&) { ++usage.virtual_blobs; });
  for_each_file(layout.keys(), [&](const fs::path&, const struct stat&) { ++usage.keys; });
  std::error_code error;
  for (fs::directory_iterator it(layout.trees(), error), end; !error && it != end; it.increment(error)) {
    ++usage.trees;
    usage.tree_bytes += tree_bytes(it->path());
  }
  return usage;
}

std::vector<DiskStore::Listed> DiskStore::list() {
  const StoreLayout layout(root_);
  std::vector<Listed> entries;
  for_each_file(layout.blobs(), [&](const fs::path& path, const struct stat& status) {
    if (is_digest_named(path)) entries.push_back(listed(path, status, false));
  });
  for_each_file(layout.virtual_blobs(), [&](const fs::path& path, const struct stat& status) {
    if (!is_digest_named(path)) return;
    entries.push_back(listed(path, status, true));
    if (why_virtual_is_damaged(path).empty()) entries.back().size_bytes = read_virtual(path).size_bytes;
  });
  return entries;
}

std::vector<StoreDamage> verify_store(const fs::path& root, bool repair) {
  if (!fs::exists(root)) return {};
  const FileLock in_use(StoreLayout(root).lock(), FileLock::Mode::Shared);
  return Verifier(root, repair).run();
}

GcResult collect_garbage(const fs::path& root, std::chrono::seconds older_than) {
  if (!fs::exists(root)) return {};
  const FileLock alone(StoreLayout(root).lock(), FileLock::Mode::Exclusive);
  return Collector(root, older_than).run();
}

}  // namespace mlbuild
