#pragma once

#include "hashed_virtual_blobs.hpp"
#include "riding_check.hpp"
#include "store_layout.hpp"
#include "verified_blobs.hpp"

#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/file_lock.hpp"

namespace mlbuild {

struct DiskStore::State {
  explicit State(const std::filesystem::path& root) : layout(root), in_use(layout.lock(), FileLock::Mode::Shared) {}

  StoreLayout layout;
  FileLock in_use;  ///< shared; gc takes it exclusively
  VerifiedBlobs verified;
  ChecksUnderWay checks;
  HashedVirtualBlobs hashed;
};

}  // namespace mlbuild
