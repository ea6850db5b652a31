#include "riding_check.hpp"

#include <algorithm>
#include <utility>

namespace mlbuild {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{128} << 10U;  // beside what its rider has in the same L2

}  // namespace

RidingCheck::RidingCheck(std::unique_ptr<RandomAccess> file, std::function<void(const BlobDigest&)> judge)
    : file_(std::move(file)), judge_(std::move(judge)), buffer_(kBufferBytes) {}

/// The next piece, empty at the end.
ByteSpan RidingCheck::next(std::size_t limit) {
  if (waiting_.empty()) {
    const std::uint64_t rest = file_->size_bytes() - read_bytes_;
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(rest, buffer_.size()));
    file_->read_at(read_bytes_, MutableByteSpan(buffer_).first(part));
    read_bytes_ += part;
    waiting_ = ByteSpan(buffer_).first(part);
  }
  const ByteSpan piece = waiting_.first(std::min(limit, waiting_.size()));
  waiting_ = waiting_.subspan(piece.size());
  return piece;
}

// Whoever finds another thread here goes on alone: waiting would cost more than what it saves.
void RidingCheck::ride(LaneSha256& hash, ByteSpan bytes) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  while (lock && !bytes.empty()) {
    const ByteSpan own = next(bytes.size());
    if (own.empty()) break;
    update_two(hash, bytes.first(own.size()), hash_, own);
    bytes = bytes.subspan(own.size());
  }
  hash.update(bytes);
}

void RidingCheck::finish() {
  const std::lock_guard lock(mutex_);
  if (!found_) {
    for (ByteSpan own = next(kBufferBytes); !own.empty(); own = next(kBufferBytes)) hash_.update(own);
    found_ = BlobDigest(hash_.finish());
  }
  judge_(*found_);
}

std::shared_ptr<BlobCheck> ChecksUnderWay::join(const BlobDigest& digest,
                                                const std::function<std::shared_ptr<BlobCheck>()>& make) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<BlobCheck>& known = checks_[digest];
  std::shared_ptr<BlobCheck> check = known.lock();
  if (!check) known = check = make();
  return check;
}

std::shared_ptr<BlobCheck> ChecksUnderWay::find(const BlobDigest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = checks_.find(digest);
  return found == checks_.end() ? nullptr : found->second.lock();
}

}  // namespace mlbuild
