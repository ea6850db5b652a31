#pragma once

#include "mlbuild/base/digest.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <unordered_set>

namespace mlbuild {

/// Which blobs this process has hashed already. Thread-safe.
class VerifiedBlobs {
 public:
  void add(const BlobDigest& digest);
  bool contains(const BlobDigest& digest);
  /// Calls `verify` unless the blob is known to be good. Threads that ask for the same blob meanwhile wait; when
  /// `verify` throws, the next of them tries for itself.
  void ensure(const BlobDigest& digest, const std::function<void()>& verify);

 private:
  void finish(const BlobDigest& digest, bool good);

  std::mutex mutex_;
  std::condition_variable finished_;
  std::unordered_set<BlobDigest> good_;
  std::unordered_set<BlobDigest> running_;
};

}  // namespace mlbuild
