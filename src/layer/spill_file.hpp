#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>

namespace mlbuild {

class SpillFile;

/// Where a content is in a SpillFile, which must outlive it.
struct SpilledContent {
  const SpillFile* file = nullptr;
  std::uint64_t offset = 0, size_bytes = 0;
};

/// Contents that are read again later, in another order: a temporary file without a name, made when the first one
/// comes. Thread-safe.
class SpillFile {
 public:
  explicit SpillFile(std::filesystem::path directory = {}) : directory_(std::move(directory)) {}
  /// Reads exactly size_bytes; Error{Foreign} when there are fewer.
  SpilledContent append(Source& content, std::uint64_t size_bytes);

 private:
  friend std::unique_ptr<Source> open_spilled(const SpilledContent& content);
  std::uint64_t reserve(std::uint64_t size_bytes);

  const std::filesystem::path directory_;
  std::mutex mutex_;  // of the next two; the file itself needs none once it is there
  Fd file_;
  std::uint64_t end_ = 0;
};

std::unique_ptr<Source> open_spilled(const SpilledContent& content);

}  // namespace mlbuild
