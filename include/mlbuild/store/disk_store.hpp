#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/key_index.hpp"

namespace mlbuild {

/// The store on disk ($XDG_CACHE_HOME/mlbuild): layout and rules in docs/formats/store.md. Directory mode 0700. Writers:
/// tmp + fsync + rename + fsync of the directory. Users of the store hold a shared flock for as long as this object lives; gc
/// takes it exclusively. Safe for many processes at once; safe after kill -9 at any moment.
class DiskStore final : public BlobStore, public KeyIndex {
 public:
  explicit DiskStore(std::filesystem::path root);  ///< made when missing; throws Error{Io}
  ~DiskStore() override;

  std::optional<std::uint64_t> find(const BlobDigest& digest) override;
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;
  std::unique_ptr<BlobWriter> begin() override;
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override;

  std::optional<std::string> get(const StepKey& key) override;
  void put(const StepKey& key, std::string_view facts) override;
  std::optional<KeyCard> last_card(std::string_view step_id) override;
  void remember_card(std::string_view step_id, const KeyCard& card) override;

  /// Where a real blob's file is, for bind mounts into the sandbox; throws Error{Io} when absent. Verified as open() does.
  std::filesystem::path path_of(const BlobDigest& digest);

  /// trees/<key>: an unpacked root. When absent, `fill` gets an empty directory beside it (same file system), which is renamed
  /// into place when `fill` returns. Single-flight between threads and processes.
  std::filesystem::path tree(const StepKey& key, const std::function<void(const std::filesystem::path&)>& fill);

  const std::filesystem::path& root() const { return root_; }

  struct Usage {
    std::uint64_t blobs = 0, blob_bytes = 0, virtual_blobs = 0, keys = 0, trees = 0, tree_bytes = 0;
  };
  Usage usage();
  struct Listed {
    BlobDigest digest;
    std::uint64_t size_bytes = 0;
    bool is_virtual = false;
    std::chrono::system_clock::time_point last_used;
  };
  std::vector<Listed> list();

 private:
  struct State;
  std::filesystem::path root_;
  std::unique_ptr<State> state_;
};

struct StoreDamage {
  std::string what;   ///< file, relative to the store
  std::string why;
};
/// Reads everything and compares with the digests; damaged files are moved aside when `repair`.
std::vector<StoreDamage> verify_store(const std::filesystem::path& root, bool repair);

struct GcResult {
  std::uint64_t removed_files = 0, removed_bytes = 0, kept_bytes = 0;
};
/// Removes what was not used since `older_than` before now, and litter of dead writers. Waits for running builds.
GcResult collect_garbage(const std::filesystem::path& root, std::chrono::seconds older_than);

}  // namespace mlbuild
