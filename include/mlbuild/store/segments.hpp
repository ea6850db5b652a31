#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/base/digest.hpp"

#include <cstdint>
#include <variant>
#include <vector>

namespace mlbuild {

/// How a virtual blob is put together: docs/formats/store.md, "Virtual blobs".
struct InlineSegment {
  Bytes bytes;
};
struct RangeSegment {
  BlobDigest blob;  ///< a real blob of the same store
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
using Segment = std::variant<InlineSegment, RangeSegment>;
using SegmentList = std::vector<Segment>;

}  // namespace mlbuild
