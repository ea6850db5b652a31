#pragma once

#include "mlbuild/store/blob_store.hpp"

namespace mlbuild {

/// A store that another one does the work for; what is different about it is overridden. The other must outlive it.
class ForwardingStore : public BlobStore {
 public:
  std::optional<std::uint64_t> find(const BlobDigest& digest) override { return inner_.find(digest); }
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override { return inner_.open(digest); }
  std::unique_ptr<Source> stream(const BlobDigest& digest) override { return inner_.stream(digest); }
  std::unique_ptr<BlobWriter> begin() override { return inner_.begin(); }
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override {
    inner_.put_virtual(digest, size_bytes, segments);
  }
  void put_hashed(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments,
                  std::uint32_t crc) override {
    inner_.put_hashed(digest, size_bytes, segments, crc);
  }

 protected:
  explicit ForwardingStore(BlobStore& inner) : inner_(inner) {}
  BlobStore& inner() { return inner_; }

 private:
  BlobStore& inner_;
};

}  // namespace mlbuild
