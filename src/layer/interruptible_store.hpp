#pragma once

#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <memory>
#include <optional>

namespace mlbuild {

/// A store whose reads ask for cancellation: recipes spend their time between two of them, and know nothing of it.
/// Store and cancellation must outlive it and all that it opened.
class InterruptibleStore final : public BlobStore {
 public:
  InterruptibleStore(BlobStore& store, const Cancellation& cancellation) : store_(store), cancellation_(cancellation) {}
  std::optional<std::uint64_t> find(const BlobDigest& digest) override { return store_.find(digest); }
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;
  std::unique_ptr<BlobWriter> begin() override { return store_.begin(); }
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override {
    store_.put_virtual(digest, size_bytes, segments);
  }

 private:
  BlobStore& store_;
  const Cancellation& cancellation_;
};

}  // namespace mlbuild
