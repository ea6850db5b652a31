#pragma once

#include "mlbuild/io/lane_sha256.hpp"
#include "mlbuild/layer/layer_writer.hpp"
#include "mlbuild/store/blob_check.hpp"

namespace mlbuild {

/// A layer's blob on its way out, hashed and counted.
class BlobOutput {
 public:
  explicit BlobOutput(LayerSink& out) : out_(out) {}
  void bytes(ByteSpan bytes) {
    hash_.update(bytes);
    size_bytes_ += bytes.size();
    out_.inline_bytes(bytes);
  }
  /// Bytes of a blob whose own check may still go on: both hashes advance together.
  void range(const DeflatedContent& from, std::uint64_t offset, ByteSpan bytes) {
    if (from.check != nullptr) {
      from.check->ride(hash_, bytes);
    } else {
      hash_.update(bytes);
    }
    size_bytes_ += bytes.size();
    out_.blob_range(from.blob, offset, bytes);
  }
  std::uint64_t size_bytes() const { return size_bytes_; }
  BlobDigest digest() { return BlobDigest(hash_.finish()); }  ///< once, after everything

 private:
  LayerSink& out_;
  LaneSha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace mlbuild
