#include "virtual_blob_file.hpp"

#include "segment_source.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30U;
constexpr std::uint64_t kFrontBytes = 4096;  // enough for the header of a layer of a hundred wheels

VirtualBlobHeader read_header(const RandomAccess& file) {
  Bytes header(std::min(file.size_bytes(), kFrontBytes));
  file.read_at(0, header);
  const std::size_t length = virtual_header_bytes(header);
  if (length > file.size_bytes()) throw Error(ErrorKind::Foreign, "a virtual blob's file is cut");
  if (length > header.size()) {
    header.resize(length);
    file.read_at(0, header);
  }
  return decode_virtual_header(ByteSpan(header).first(length));
}

}  // namespace

VirtualBlob read_virtual_blob(const std::filesystem::path& path) {
  const DiskFile file(path);
  return decode_virtual_blob(read_all(file, kMaxFileBytes));
}

std::optional<VirtualBlobHeader> read_virtual_header(const std::filesystem::path& path) {
  try {
    return read_header(DiskFile(path));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Io || error.kind() == ErrorKind::Foreign) return std::nullopt;
    throw;
  }
}

std::unique_ptr<Source> unchecked_stream(const StoreLayout& layout, VirtualBlob blob) {
  const auto open = [layout](const BlobDigest& digest) { return std::make_unique<DiskFile>(layout.blob(digest)); };
  return std::make_unique<SegmentSource>(std::move(blob.segments), open);
}

}  // namespace mlbuild
