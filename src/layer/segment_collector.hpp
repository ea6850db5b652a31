#pragma once

#include "mlbuild/layer/layer.hpp"
#include "mlbuild/store/segments.hpp"

#include <cstdint>

namespace mlbuild {

/// Keeps a layer as the segment list of a virtual blob: neighbouring pieces are merged, so that a wheel's file costs
/// one inline segment (its header) and one range. A long run of inline bytes (a wheel with stored members) becomes a
/// real blob of the store, so that memory stays bounded.
class SegmentCollector final : public LayerSink {
 public:
  explicit SegmentCollector(BlobStore& store) : store_(store) {}
  void inline_bytes(ByteSpan bytes) override;
  void blob_range(const BlobDigest& blob, std::uint64_t offset, ByteSpan bytes) override;
  SegmentList take();
  std::uint32_t crc() const { return crc_; }  ///< CRC-32 of all bytes

  static constexpr std::size_t kSpillBytes = std::size_t{4} << 20U;

 private:
  void spill();

  BlobStore& store_;
  SegmentList segments_;
  std::uint32_t crc_ = 0;
};

}  // namespace mlbuild
