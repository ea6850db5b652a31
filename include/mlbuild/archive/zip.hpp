#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlbuild {

/// One member of a zip file (PKWARE APPNOTE 6.3.x), central directory and local header agreeing.
struct ZipMember {
  std::string name;          ///< UTF-8, as stored; a directory ends in '/'
  std::uint16_t method = 0;  ///< 0 stored, 8 deflate
  std::uint32_t crc32 = 0;
  std::uint64_t compressed_size_bytes = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t data_offset = 0;  ///< of the raw (compressed) bytes in the file
  std::uint32_t external_attributes = 0;
  std::uint8_t made_by = 0;  ///< host system: 3 is unix
  std::uint32_t unix_mode() const { return external_attributes >> 16U; }
  bool is_directory() const { return name.ends_with('/'); }
};

/// Reads the directory strictly, so that no two readers can disagree about the content. Refuses with Error{Foreign}:
/// bytes before the first member, gaps, overlaps, bytes after the end record, two end records, local header or data
/// descriptor that differs from the central one, stored members without a size in front, encryption, methods other than
/// stored and deflate, directories with content, multi-disk archives, more than 2^20 members, sizes that leave the file
/// or that deflate cannot reach; names that are not relative paths (see why_unsafe_path), hold backslashes, are not
/// UTF-8, are neither ASCII nor declared as UTF-8, or have another name in a Unicode path extra field. Zip64, data
/// descriptors and archive comments are accepted. Duplicate names are returned as they are (the caller decides). In
/// directory order.
std::vector<ZipMember> read_zip_directory(const RandomAccess& file);

/// Writes one member's plain bytes as they are inflated; size and CRC are checked, at the end. Throws Error{Foreign}.
void copy_zip_member(const RandomAccess& file, const ZipMember& member, Sink& out);

/// Plain bytes of one member, CRC checked; throws Error{Foreign} above `limit_bytes`.
Bytes read_zip_member(const RandomAccess& file, const ZipMember& member, std::uint64_t limit_bytes);

}  // namespace mlbuild
