#include "mlbuild/store/memory_store.hpp"

#include "blob_check.hpp"
#include "segment_source.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

class SharedFile final : public RandomAccess {
 public:
  explicit SharedFile(std::shared_ptr<const Bytes> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size_bytes() const override { return bytes_->size(); }
  void read_at(std::uint64_t offset, MutableByteSpan buffer) const override {
    if (offset > bytes_->size() || buffer.size() > bytes_->size() - offset)
      throw Error(ErrorKind::Foreign, "a read leaves the blob");
    std::copy_n(bytes_->begin() + static_cast<std::ptrdiff_t>(offset), buffer.size(), buffer.begin());
  }

 private:
  std::shared_ptr<const Bytes> bytes_;  // shared with the store, so that a reader outlives a later insert
};

/// A RangeSource that owns its file.
class OwningSource final : public Source {
 public:
  explicit OwningSource(std::unique_ptr<RandomAccess> file)
      : file_(std::move(file)), range_(*file_, 0, file_->size_bytes()) {}
  std::size_t read(MutableByteSpan buffer) override { return range_.read(buffer); }

 private:
  std::unique_ptr<RandomAccess> file_;
  RangeSource range_;
};

class MemoryWriter final : public BlobWriter {
 public:
  explicit MemoryWriter(MemoryStore& store) : store_(store) {}
  void write(ByteSpan bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  BlobDigest commit(std::optional<BlobDigest> expected) override {
    const BlobDigest digest(sha256(bytes_));
    if (expected && *expected != digest) {
      throw Error(ErrorKind::Foreign,
                  fmt::format("the bytes have digest {}, not {}", digest.to_string(), expected->to_string()));
    }
    store_.insert(digest, std::make_shared<const Bytes>(std::move(bytes_)));
    return digest;
  }

 private:
  MemoryStore& store_;
  Bytes bytes_;
};

}  // namespace

std::optional<std::uint64_t> MemoryStore::find(const BlobDigest& digest) {
  const std::lock_guard lock(mutex_);
  if (const auto found = blobs_.find(digest); found != blobs_.end()) return found->second->size();
  const auto found = virtual_blobs_.find(digest);
  if (found == virtual_blobs_.end()) return std::nullopt;
  for (const Segment& segment : found->second.second) {
    const auto* range = std::get_if<RangeSegment>(&segment);
    if (range != nullptr && !blobs_.contains(range->blob)) return std::nullopt;
  }
  return found->second.first;
}

std::unique_ptr<RandomAccess> MemoryStore::open(const BlobDigest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) throw absent_blob(digest);
  return std::make_unique<SharedFile>(found->second);
}

std::unique_ptr<Source> MemoryStore::stream(const BlobDigest& digest) {
  SegmentList segments;
  std::uint64_t size_bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto real = blobs_.find(digest); real != blobs_.end()) {
      auto file = std::make_unique<OwningSource>(std::make_unique<SharedFile>(real->second));
      return std::make_unique<VerifyingSource>(std::move(file), digest, real->second->size());
    }
    const auto found = virtual_blobs_.find(digest);
    if (found == virtual_blobs_.end()) throw absent_blob(digest);
    size_bytes = found->second.first;
    segments = found->second.second;
  }
  auto source =
      std::make_unique<SegmentSource>(std::move(segments), [this](const BlobDigest& blob) { return open(blob); });
  return std::make_unique<VerifyingSource>(std::move(source), digest, size_bytes);
}

std::unique_ptr<BlobWriter> MemoryStore::begin() { return std::make_unique<MemoryWriter>(*this); }

void MemoryStore::put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) {
  const std::lock_guard lock(mutex_);
  virtual_blobs_[digest] = {size_bytes, segments};
}

void MemoryStore::insert(const BlobDigest& digest, std::shared_ptr<const Bytes> bytes) {
  const std::lock_guard lock(mutex_);
  blobs_[digest] = std::move(bytes);
}

std::optional<std::string> MemoryKeyIndex::get(const StepKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = facts_.find(key);
  return found == facts_.end() ? std::nullopt : std::optional(found->second);
}

void MemoryKeyIndex::put(const StepKey& key, std::string_view facts) {
  const std::lock_guard lock(mutex_);
  facts_[key] = facts;
}

std::optional<KeyCard> MemoryKeyIndex::last_card(std::string_view step_id) {
  const std::lock_guard lock(mutex_);
  const auto found = cards_.find(step_id);
  return found == cards_.end() ? std::nullopt : std::optional(found->second);
}

void MemoryKeyIndex::remember_card(std::string_view step_id, const KeyCard& card) {
  const std::lock_guard lock(mutex_);
  cards_.insert_or_assign(std::string(step_id), card);
}

}  // namespace mlbuild
