#include "hashed_virtual_blobs.hpp"

namespace mlbuild {

void HashedVirtualBlobs::add(const BlobDigest& digest, std::uint32_t crc) {
  const std::lock_guard lock(mutex_);
  crcs_.insert_or_assign(digest, crc);
}

std::optional<std::uint32_t> HashedVirtualBlobs::crc_of(const BlobDigest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = crcs_.find(digest);
  return found == crcs_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace mlbuild
