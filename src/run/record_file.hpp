#pragma once

#include "mlbuild/base/bytes.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

namespace mlbuild {

/// Records with lengths of 32 bits, little endian, in front: what bytecode_driver() reads and writes.
class RecordFile {
 public:
  explicit RecordFile(const std::filesystem::path& path);
  void put(ByteSpan record);
  void close();  ///< throws Error{Io} when anything was not written

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

/// Reads what the interpreter wrote, as far as it goes.
class RecordReader {
 public:
  RecordReader(const std::filesystem::path& path, std::uint64_t limit_bytes);
  /// A record that is longer than this is passed over, and comes back empty.
  std::optional<Bytes> take(std::uint64_t limit_bytes);

 private:
  Bytes bytes(std::size_t count);

  DiskFile file_;
  std::uint64_t at_ = 0, rest_;
};

}  // namespace mlbuild
