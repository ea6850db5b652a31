#pragma once

#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/key_index.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// The store on disk ($XDG_CACHE_HOME/mlbuild): layout and rules in docs/formats/store.md. Made with mode 0700.
/// Writers: tmp + fsync + rename + fsync of the directory. Users of the store hold a shared flock for as long as this
/// object lives; gc takes it exclusively. Safe for many processes at once; safe after kill -9 at any moment.
///
/// find() and get() cost a few system calls each and verify nothing; open(), path_of() and stream() verify. What they
/// hand out (files, streams, writers) must not outlive the store. Using a file notes the time, at most once an hour.
class DiskStore final : public BlobStore, public KeyIndex {
 public:
  explicit DiskStore(std::filesystem::path root);  ///< made when missing; throws Error{Io}
  ~DiskStore() override;

  std::optional<std::uint64_t> find(const BlobDigest& digest) override;
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  BlobInCheck open_in_check(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;
  std::unique_ptr<BlobWriter> begin() override;
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override;
  void put_hashed(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments,
                  std::uint32_t crc) override;

  std::optional<std::string> get(const StepKey& key) override;
  void put(const StepKey& key, std::string_view facts) override;
  std::optional<KeyCard> last_card(std::string_view step_id) override;
  void remember_card(std::string_view step_id, const KeyCard& card) override;

  /// Where a real blob's file is, for bind mounts into the sandbox; throws Error{Io} when absent. Verified as open()
  /// does.
  std::filesystem::path path_of(const BlobDigest& digest);

  /// trees/<key>: an unpacked root. When absent, `fill` gets an empty directory on the same file system, which is
  /// renamed into place when `fill` returns; when it throws, nothing remains. Single-flight between threads and
  /// processes.
  std::filesystem::path tree(const StepKey& key, const std::function<void(const std::filesystem::path&)>& fill);

  /// tool-cache/<tool>: where a program that mlbuild runs keeps what it likes to find again; made when missing.
  std::filesystem::path tool_cache(const std::string& tool);

  const std::filesystem::path& root() const { return root_; }

  /// Sizes on disk: a virtual blob counts neither its sources nor itself.
  struct Usage {
    std::uint64_t blobs = 0, blob_bytes = 0, virtual_blobs = 0, keys = 0, trees = 0, tree_bytes = 0,
                  tool_cache_bytes = 0;
  };
  Usage usage();
  struct Listed {
    BlobDigest digest;
    std::uint64_t size_bytes = 0;  ///< of the blob, also where it is virtual
    bool is_virtual = false;
    std::chrono::system_clock::time_point last_used;
  };
  std::vector<Listed> list();  ///< by digest, real ones first

 private:
  std::unique_ptr<Source> stream_virtual(const BlobDigest& digest);

  struct State;
  std::filesystem::path root_;
  std::unique_ptr<State> state_;
};

struct StoreDamage {
  std::string what;  ///< file, relative to the store
  std::string why;
};
/// Reads everything but the trees and compares with the digests; damaged files are moved aside when `repair`. A virtual
/// blob is checked when all its sources are there and good.
std::vector<StoreDamage> verify_store(const std::filesystem::path& root, bool repair);

struct GcResult {
  std::uint64_t removed_files = 0, removed_bytes = 0, kept_bytes = 0;
};
/// Removes what was not used since `older_than` before now, litter of dead writers and what was moved aside. The
/// sources of a virtual blob stay as long as it does. Waits for running builds; must not be called by a thread that
/// holds a DiskStore of the same root, which would wait for itself. Goes on after what cannot be removed, and throws
/// its Error{Io} at the end. Caches of tools go when they were begun so long ago.
GcResult collect_garbage(const std::filesystem::path& root, std::chrono::seconds older_than);

}  // namespace mlbuild
