#pragma once

#include "mlbuild/store/segments.hpp"

#include <cstdint>
#include <vector>

namespace mlbuild {

/// A virtual blob's file: docs/formats/store.md, "Virtual blobs".
struct VirtualBlob {
  std::uint64_t size_bytes = 0;
  SegmentList segments;
};

std::vector<BlobDigest> sources_of(const SegmentList& segments);  ///< distinct, ascending

/// Magic, version, size, the distinct source blobs, SHA-256 of all that; the segments, SHA-256 of all before. Integers
/// are little endian. Throws Error{Internal} when the segments do not add up to size_bytes.
Bytes encode_virtual_blob(const VirtualBlob& blob);
/// Throws Error{Foreign} for anything that encode_virtual_blob() would not have written.
VirtualBlob decode_virtual_blob(ByteSpan bytes);

/// The front part alone, so that asking whether a blob is there does not read all its segments.
struct VirtualBlobHeader {
  std::uint64_t size_bytes = 0;
  std::vector<BlobDigest> sources;  ///< distinct, ascending
};
inline constexpr std::size_t kVirtualFixedHeaderBytes = 8 + 4 + 8 + 4;
/// `front` holds at least kVirtualFixedHeaderBytes of the file; returns how many bytes the whole header has.
std::size_t virtual_header_bytes(ByteSpan front);
/// `header` holds virtual_header_bytes(). Throws Error{Foreign}.
VirtualBlobHeader decode_virtual_header(ByteSpan header);

}  // namespace mlbuild
