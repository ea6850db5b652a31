#pragma once

#include "mlbuild/io/lane_sha256.hpp"
#include "mlbuild/io/stream.hpp"

#include <memory>

namespace mlbuild {

/// The check of a real blob that goes on while it is read. Thread-safe: those who read the blob share it.
class BlobCheck {
 public:
  virtual ~BlobCheck() = default;
  /// Adds `bytes` to `hash` and hashes as much of the blob beside it, which costs little more.
  virtual void ride(LaneSha256& hash, ByteSpan bytes) = 0;
  virtual void finish() = 0;  ///< hashes what is left; throws as BlobStore::open() does
};

struct BlobInCheck {
  std::unique_ptr<RandomAccess> file;
  std::shared_ptr<BlobCheck> check;  ///< with others who read the blob now; nullptr: it is known to be good
};

}  // namespace mlbuild
