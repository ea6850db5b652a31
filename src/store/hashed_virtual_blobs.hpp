#pragma once

#include "mlbuild/base/digest.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace mlbuild {

/// The CRC-32 of virtual blobs whose bytes this process has hashed when it made them. Thread-safe.
class HashedVirtualBlobs {
 public:
  void add(const BlobDigest& digest, std::uint32_t crc);
  std::optional<std::uint32_t> crc_of(const BlobDigest& digest);

 private:
  std::mutex mutex_;
  std::unordered_map<BlobDigest, std::uint32_t> crcs_;
};

}  // namespace mlbuild
