#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mlbuild/store/segments.hpp"

namespace mlbuild {

/// A virtual blob's file: docs/formats/store.md, "Virtual blobs".
struct VirtualBlob {
  std::uint64_t size_bytes = 0;
  SegmentList segments;
};

/// Magic, version, size, the distinct source blobs, the segments, SHA-256 of all before it. Integers are little endian.
Bytes encode_virtual_blob(const VirtualBlob& blob);
/// Throws Error{Foreign} for anything that encode_virtual_blob() would not have written.
VirtualBlob decode_virtual_blob(ByteSpan bytes);

/// The front part alone, so that asking whether a blob is there does not read all its segments.
struct VirtualBlobHeader {
  std::uint64_t size_bytes = 0;
  std::vector<BlobDigest> sources;
};
/// `front` holds at least kVirtualFixedHeaderBytes of the file, or all of it; returns how many bytes the whole header has.
inline constexpr std::size_t kVirtualFixedHeaderBytes = 8 + 4 + 8 + 4;
std::size_t virtual_header_bytes(ByteSpan front);
VirtualBlobHeader decode_virtual_header(ByteSpan header);

}  // namespace mlbuild
