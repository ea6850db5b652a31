#include "segment_source.hpp"

#include <algorithm>
#include <cstring>

namespace mlbuild {
namespace {

constexpr std::size_t kMaxOpenFiles = 64;  // of the 1024 descriptors that a process usually may have

std::uint64_t length_of(const Segment& segment) {
  if (const auto* part = std::get_if<InlineSegment>(&segment)) return part->bytes.size();
  return std::get<RangeSegment>(segment).length;
}

}  // namespace

const RandomAccess& SegmentSource::file(const BlobDigest& digest) {
  const auto found = files_.find(digest);
  if (found != files_.end()) return *found->second;
  if (files_.size() == kMaxOpenFiles) files_.clear();
  return *files_.emplace(digest, open_(digest)).first->second;
}

std::size_t SegmentSource::read_segment(const Segment& segment, MutableByteSpan buffer) {
  const std::size_t count = std::min<std::uint64_t>(buffer.size(), length_of(segment) - position_);
  if (const auto* part = std::get_if<InlineSegment>(&segment)) {
    std::memcpy(buffer.data(), part->bytes.data() + position_, count);
  } else {
    const auto& range = std::get<RangeSegment>(segment);
    file(range.blob).read_at(range.offset + position_, buffer.first(count));
  }
  position_ += count;
  return count;
}

std::size_t SegmentSource::read(MutableByteSpan buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size() && next_ < segments_.size()) {
    if (position_ == length_of(segments_[next_])) {
      ++next_;
      position_ = 0;
      continue;
    }
    filled += read_segment(segments_[next_], buffer.subspan(filled));
  }
  return filled;
}

}  // namespace mlbuild
