#include "segment_collector.hpp"

#include "mlbuild/io/deflate.hpp"

#include <utility>

namespace mlbuild {

void SegmentCollector::inline_bytes(ByteSpan bytes) {
  if (bytes.empty()) return;
  crc_ = crc32(crc_, bytes);
  auto* last = segments_.empty() ? nullptr : std::get_if<InlineSegment>(&segments_.back());
  if (last == nullptr) last = &std::get<InlineSegment>(segments_.emplace_back(InlineSegment{}));
  last->bytes.insert(last->bytes.end(), bytes.begin(), bytes.end());
  if (last->bytes.size() >= kSpillBytes) spill();
}

void SegmentCollector::blob_range(const BlobDigest& blob, std::uint64_t offset, ByteSpan bytes) {
  if (bytes.empty()) return;
  crc_ = crc32(crc_, bytes);
  auto* last = segments_.empty() ? nullptr : std::get_if<RangeSegment>(&segments_.back());
  if (last != nullptr && last->blob == blob && last->offset + last->length == offset) {
    last->length += bytes.size();
    return;
  }
  segments_.emplace_back(RangeSegment{blob, offset, bytes.size()});
}

SegmentList SegmentCollector::take() { return std::exchange(segments_, {}); }

void SegmentCollector::spill() {
  const InlineSegment run = std::get<InlineSegment>(std::move(segments_.back()));
  const std::unique_ptr<BlobWriter> blob = store_.begin();
  blob->write(run.bytes);
  segments_.back() = RangeSegment{blob->commit(), 0, run.bytes.size()};
}

}  // namespace mlbuild
