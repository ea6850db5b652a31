#pragma once

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/layer.hpp"

namespace mlbuild {

/// A layer's blob on its way out, hashed and counted.
class BlobOutput {
 public:
  explicit BlobOutput(LayerSink& out) : out_(out) {}
  void bytes(ByteSpan bytes) {
    note(bytes);
    out_.inline_bytes(bytes);
  }
  void range(const BlobDigest& blob, std::uint64_t offset, ByteSpan bytes) {
    note(bytes);
    out_.blob_range(blob, offset, bytes);
  }
  std::uint64_t size_bytes() const { return size_bytes_; }
  BlobDigest digest() { return BlobDigest(hash_.finish()); }  ///< once, after everything

 private:
  void note(ByteSpan bytes) {
    hash_.update(bytes);
    size_bytes_ += bytes.size();
  }

  LayerSink& out_;
  Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace mlbuild
