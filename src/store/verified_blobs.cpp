#include "verified_blobs.hpp"

namespace mlbuild {

void VerifiedBlobs::add(const BlobDigest& digest) {
  const std::lock_guard lock(mutex_);
  good_.insert(digest);
}

bool VerifiedBlobs::contains(const BlobDigest& digest) {
  const std::lock_guard lock(mutex_);
  return good_.contains(digest);
}

void VerifiedBlobs::ensure(const BlobDigest& digest, const std::function<void()>& verify) {
  {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return !running_.contains(digest); });
    if (good_.contains(digest)) return;
    running_.insert(digest);
  }
  try {
    verify();
  } catch (...) {
    finish(digest, false);
    throw;
  }
  finish(digest, true);
}

void VerifiedBlobs::finish(const BlobDigest& digest, bool good) {
  const std::lock_guard lock(mutex_);
  running_.erase(digest);
  if (good) good_.insert(digest);
  finished_.notify_all();
}

}  // namespace mlbuild
