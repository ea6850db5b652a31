#include "disk_store_state.hpp"
#include "store_scan.hpp"
#include "virtual_blob_file.hpp"

#include "mlbuild/store/disk_store.hpp"

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

DiskStore::Listed listed(const fs::path& path, const struct stat& status) {
  DiskStore::Listed entry;
  entry.digest = BlobDigest::parse(path.filename().string());
  entry.size_bytes = static_cast<std::uint64_t>(status.st_size);
  entry.last_used = std::chrono::system_clock::from_time_t(status.st_mtime);
  return entry;
}

}  // namespace

DiskStore::Usage DiskStore::usage() {
  const StoreLayout& layout = state_->layout;
  Usage usage;
  for_each_file(layout.blobs(), [&](const fs::path&, const struct stat& status) {
    ++usage.blobs;
    usage.blob_bytes += static_cast<std::uint64_t>(status.st_size);
  });
  for_each_file(layout.virtual_blobs(), [&](const fs::path&, const struct stat&) { ++usage.virtual_blobs; });
  for_each_file(layout.keys(), [&](const fs::path&, const struct stat&) { ++usage.keys; });
  for (const fs::path& tree : list_directory(layout.trees())) {
    ++usage.trees;
    usage.tree_bytes += tree_bytes(tree);
  }
  usage.tool_cache_bytes = tree_bytes(layout.tool_caches());
  return usage;
}

std::vector<DiskStore::Listed> DiskStore::list() {
  const StoreLayout& layout = state_->layout;
  std::vector<Listed> entries;
  for_each_file(layout.blobs(), [&](const fs::path& path, const struct stat& status) {
    if (is_digest_named(path)) entries.push_back(listed(path, status));
  });
  for_each_file(layout.virtual_blobs(), [&](const fs::path& path, const struct stat& status) {
    const std::optional<VirtualBlobHeader> header = read_virtual_header(path);
    if (!is_digest_named(path) || !header) return;
    entries.push_back(listed(path, status));
    entries.back().is_virtual = true;
    entries.back().size_bytes = header->size_bytes;
  });
  return entries;
}

}  // namespace mlbuild
