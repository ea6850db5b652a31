#pragma once

#include "mlbuild/net/http.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mlbuild {

/// Bytes `begin` to before `end` of a file.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size_bytes() const { return end - begin; }
  std::string header() const;  ///< for Range: RFC 9110, 14.2
};

/// What a 206 says of itself.
struct PartOfFile {
  ByteRange range;
  std::uint64_t file_bytes = 0;
  std::string validator;  ///< for If-Range: a strong ETag, else the date
  bool by_date = false;
};

/// nullopt for anything but 206 with a strong ETag or a Last-Modified, one range that makes sense, and the file's size
/// (RFC 9110, 14.4).
std::optional<PartOfFile> part_of_file(const HttpResponse& response);

}  // namespace mlbuild
