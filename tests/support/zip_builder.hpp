#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild::test {

/// One member of a zip file under test; the optional fields lie.
struct ZipInput {
  std::string name;
  std::string content;
  std::uint16_t method = 8;               ///< 0 stored, 8 deflate; others get the plain content
  std::uint32_t mode = 0100644;           ///< st_mode, upper half of the external attributes
  std::uint16_t flags = 0x0800;           ///< bit 11: the name is UTF-8
  bool zip64 = false;                     ///< sizes in the zip64 extra field
  bool data_descriptor = false;           ///< sizes and CRC behind the content
  std::optional<std::string> stream;      ///< compressed bytes instead of the right ones
  std::optional<std::string> local_name;  ///< differs from the central one
  std::optional<std::uint32_t> crc32;
  std::optional<std::uint32_t> size_bytes;  ///< plain
};

/// Writes zip files, right and wrong ones (PKWARE APPNOTE 6.3, 4.3).
Bytes build_zip(const std::vector<ZipInput>& members, std::string_view before = "", std::string_view comment = "");

}  // namespace mlbuild::test
