#include "kept_ranges.hpp"

#include "mlbuild/base/error.hpp"

#include <algorithm>

namespace mlbuild::elf {

void KeptRanges::restart(Range first) {
  at_ = 0;
  parts_.resize(1);
  parts_.front().range = first;
  parts_.front().bytes.clear();
}

void KeptRanges::keep(Range range) {
  range.begin = std::max(range.begin, at_);
  if (range.begin < range.end) parts_.push_back({range, {}});
}

void KeptRanges::write(ByteSpan bytes) {
  const std::uint64_t end = at_ + bytes.size();
  for (Part& part : parts_) {
    const std::uint64_t from = std::max(part.range.begin, at_), upto = std::min(part.range.end, end);
    if (from >= upto) continue;
    const ByteSpan piece = bytes.subspan(from - at_, upto - from);
    part.bytes.insert(part.bytes.end(), piece.begin(), piece.end());
  }
  at_ = end;
}

ByteSpan KeptRanges::at(std::uint64_t begin, std::uint64_t size) const {
  if (begin > at_ || size > at_ - begin) throw Error(ErrorKind::Foreign, "an ELF file ends before what it points to");
  for (const Part& part : parts_) {
    if (begin < part.range.begin) continue;
    const std::uint64_t offset = begin - part.range.begin;
    if (offset <= part.bytes.size() && size <= part.bytes.size() - offset) {
      return ByteSpan(part.bytes).subspan(offset, size);
    }
  }
  throw Error(ErrorKind::Foreign, "an ELF file has its names where one pass cannot read them");
}

}  // namespace mlbuild::elf
