#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/io/stream.hpp"

#include <cstdint>
#include <string>

namespace mlbuild {

/// CRC-64 of ISO 3309 as tar-split has it, continued from `crc` (0 at the start).
std::uint64_t crc64(std::uint64_t crc, ByteSpan bytes);

/// All of a tar but the contents of its files, from which the same tar can be put together again: the JSON lines of
/// vbatts/tar-split, tar/storage. Their order is that of the tar.
class TarSplit {
 public:
  explicit TarSplit(Sink& lines) : lines_(lines) {}
  void segment(ByteSpan bytes);  ///< headers, padding, the end of the archive
  /// Behind the entry's header. `crc`: crc64() of the content, which belongs here.
  void file(const TarEntry& entry, std::uint64_t crc);
  void finish();
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  void write_segment();
  void write(const std::string& line);

  Sink& lines_;
  Bytes segment_;
  std::uint64_t position_ = 0;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace mlbuild
