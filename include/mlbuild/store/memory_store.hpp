#pragma once

#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/store/key_index.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace mlbuild {

/// Everything in memory: for tests and for blobs of a few KiB. Same contract as the disk store.
class MemoryStore final : public BlobStore {
 public:
  std::optional<std::uint64_t> find(const BlobDigest& digest) override;
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;
  std::unique_ptr<BlobWriter> begin() override;
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override;
  void insert(const BlobDigest& digest,
              std::shared_ptr<const Bytes> bytes);  ///< shared with readers that are still open

 private:
  std::mutex mutex_;
  std::map<BlobDigest, std::shared_ptr<const Bytes>> blobs_;
  std::map<BlobDigest, std::pair<std::uint64_t, SegmentList>> virtual_blobs_;
};

class MemoryKeyIndex final : public KeyIndex {
 public:
  std::optional<std::string> get(const StepKey& key) override;
  void put(const StepKey& key, std::string_view facts) override;
  std::optional<KeyCard> last_card(std::string_view step_id) override;
  void remember_card(std::string_view step_id, const KeyCard& card) override;

 private:
  std::mutex mutex_;
  std::map<StepKey, std::string> facts_;
  std::map<std::string, KeyCard, std::less<>> cards_;
};

}  // namespace mlbuild
