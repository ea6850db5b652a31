#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/store/blob_check.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace mlbuild {

/// Hashes a file from its first byte to its last, in pieces as they come along.
class RidingCheck final : public BlobCheck {
 public:
  /// `judge` is told the digest that was found, at every finish(), and throws when it is not the right one.
  RidingCheck(std::unique_ptr<RandomAccess> file, std::function<void(const BlobDigest&)> judge);
  void ride(LaneSha256& hash, ByteSpan bytes) override;
  void finish() override;

 private:
  ByteSpan next(std::size_t limit);

  const std::unique_ptr<RandomAccess> file_;
  const std::function<void(const BlobDigest&)> judge_;
  std::mutex mutex_;
  LaneSha256 hash_;
  std::uint64_t read_bytes_ = 0;
  Bytes buffer_;
  ByteSpan waiting_;  ///< of the buffer
  std::optional<BlobDigest> found_;
};

/// Those that go on. Thread-safe.
class ChecksUnderWay {
 public:
  /// The one that goes on, else that which `make` gives.
  std::shared_ptr<BlobCheck> join(const BlobDigest& digest, const std::function<std::shared_ptr<BlobCheck>()>& make);
  std::shared_ptr<BlobCheck> find(const BlobDigest& digest);

 private:
  std::mutex mutex_;
  std::unordered_map<BlobDigest, std::weak_ptr<BlobCheck>> checks_;
};

}  // namespace mlbuild
