#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild::test {

/// One description of a member, as it stands in a local header or in the central directory.
struct ZipHeader {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 8;
  std::uint32_t crc32 = 0;
  std::uint32_t compressed_size_bytes = 0;
  std::uint32_t size_bytes = 0;
  std::string extra;
};

/// A member whose parts can be made to contradict each other (PKWARE APPNOTE 6.3, 4.3).
struct ForgedMember {
  ForgedMember(std::string name, std::string_view content, std::uint16_t method = 8);

  ZipHeader local;
  ZipHeader central;
  std::string data;
  std::string descriptor;  ///< behind the data
  std::optional<std::uint32_t> local_offset;
  std::uint16_t disk = 0;
  std::uint32_t external_attributes = 0100644U << 16U;
  std::string comment;
};

/// A zip file of such members. What is not set is right.
struct ZipForge {
  std::vector<ForgedMember> members{};
  std::string before{};  ///< the first member; offsets in the directory count it
  std::string before_directory{};
  std::string before_end{};  ///< e.g. zip64 records
  std::string comment{};
  std::string after{};
  std::optional<std::uint16_t> member_count{};
  std::optional<std::uint32_t> directory_size_bytes{};
  std::optional<std::uint32_t> directory_offset{};
  std::uint16_t disk = 0;

  Bytes build() const;
  /// The same with zip64 end record and locator, and all ones in the classic end record.
  Bytes build_zip64() const;
};

std::string le16(std::uint64_t value);
std::string le32(std::uint64_t value);
std::string le64(std::uint64_t value);
/// One extra field.
std::string extra_field(std::uint16_t kind, std::string_view content);
std::string zip64_end_records(std::uint64_t members, std::uint64_t directory_size, std::uint64_t directory_offset,
                              std::uint64_t position);

}  // namespace mlbuild::test
