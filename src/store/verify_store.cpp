#include "blob_check.hpp"
#include "checked_file.hpp"
#include "store_scan.hpp"
#include "virtual_blob_file.hpp"

#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/file_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

class Verifier {
 public:
  Verifier(const fs::path& root, bool repair) : layout_(root), repair_(repair) {}

  std::vector<StoreDamage> run() {
    check(layout_.blobs(), [&](const fs::path& path) { return why_bad_blob(path); });
    check(layout_.virtual_blobs(), [&](const fs::path& path) { return why_bad_virtual_blob(path); });
    check(layout_.keys(), why_bad_small_file);
    check(layout_.cards(), why_bad_small_file);
    return std::move(damages_);
  }

 private:
  void check(const fs::path& directory, const std::function<std::string(const fs::path&)>& why_bad) {
    for_each_file(directory, [&](const fs::path& path, const struct stat& status) {
      const std::string why = is_digest_named(path) ? why_bad(path) : "its name is no digest";
      if (why.empty()) return;
      damages_.push_back({path.lexically_relative(layout_.root()).string(), why});
      if (repair_) move_aside(layout_, path, {status.st_dev, status.st_ino});
    });
  }

  std::string why_bad_blob(const fs::path& path) {
    FileSource file(path);
    const BlobDigest digest = hash_all(file);
    if (digest.hex() != path.filename()) return fmt::format("its bytes have digest {}", digest.to_string());
    good_blobs_.insert(digest);
    return "";
  }

  std::string why_bad_virtual_blob(const fs::path& path) const {
    try {
      VirtualBlob blob = read_virtual_blob(path);
      const auto is_good = [&](const BlobDigest& source) { return good_blobs_.contains(source); };
      // Without a good source nobody is harmed: the blob counts as absent until the source is back.
      if (!std::ranges::all_of(sources_of(blob.segments), is_good)) return "";
      const std::unique_ptr<Source> stream = unchecked_stream(layout_, std::move(blob));
      const std::string digest = hash_all(*stream).hex();
      return digest == path.filename() ? "" : fmt::format("its segments make sha256:{}", digest);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Foreign) return error.message();
      throw;
    }
  }

  static std::string why_bad_small_file(const fs::path& path) {
    return read_checked_file(path) ? "" : "its checksum differs";
  }

  StoreLayout layout_;
  bool repair_;
  std::set<BlobDigest> good_blobs_;
  std::vector<StoreDamage> damages_;
};

}  // namespace

std::vector<StoreDamage> verify_store(const fs::path& root, bool repair) {
  const StoreLayout layout(root);
  if (!layout.is_made()) return {};
  const FileLock in_use(layout.lock(), FileLock::Mode::Shared);
  return Verifier(root, repair).run();
}

}  // namespace mlbuild
