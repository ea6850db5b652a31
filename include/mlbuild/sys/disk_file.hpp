#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace mlbuild {

/// A file read at positions by pread; thread-safe. Not memory-mapped: pages of a 5 GB image would count as our memory.
class DiskFile final : public RandomAccess {
 public:
  explicit DiskFile(const std::filesystem::path& path);
  explicit DiskFile(Fd fd, std::filesystem::path path_for_messages);
  std::uint64_t size_bytes() const override { return size_bytes_; }
  void read_at(std::uint64_t offset, MutableByteSpan buffer) const override;

 private:
  Fd fd_;
  std::filesystem::path path_;
  std::uint64_t size_bytes_ = 0;
};

/// Reads a file front to back.
class FileSource final : public Source {
 public:
  explicit FileSource(const std::filesystem::path& path);
  explicit FileSource(Fd fd, std::filesystem::path path_for_messages);
  std::size_t read(MutableByteSpan buffer) override;

 private:
  Fd fd_;
  std::filesystem::path path_;
};

std::string read_text_file(const std::filesystem::path& path, std::uint64_t limit_bytes = 64U << 20U);

}  // namespace mlbuild
