#include "part_queue.hpp"

#include <algorithm>
#include <utility>

namespace mlbuild {

ByteRange PartQueue::take_locked(std::uint64_t size_bytes) {
  const std::uint64_t begin = taken_bytes_;
  taken_bytes_ += std::min(size_bytes, file_bytes_ - begin);
  return {begin, taken_bytes_};
}

std::optional<ByteRange> PartQueue::take(std::uint64_t size_bytes) {
  const std::scoped_lock guard(mutex_);
  if (stopped_ || taken_bytes_ == file_bytes_) return std::nullopt;
  const ByteRange range = take_locked(size_bytes);
  parts_.emplace(range.begin, std::nullopt);
  return range;
}

void PartQueue::put(const ByteRange& range, Bytes bytes) {
  {
    const std::scoped_lock guard(mutex_);
    parts_.at(range.begin) = std::move(bytes);
  }
  came_.notify_all();
}

void PartQueue::fail(std::exception_ptr failure) {
  {
    const std::scoped_lock guard(mutex_);
    stopped_ = true;
    if (!failure_) failure_ = std::move(failure);
  }
  came_.notify_all();
}

std::variant<Bytes, ByteRange> PartQueue::next(std::uint64_t begin, std::uint64_t size_bytes,
                                               std::uint64_t alone_bytes) {
  std::unique_lock lock(mutex_);
  const auto part = parts_.find(begin);
  if (part == parts_.end()) {
    if (failure_) std::rethrow_exception(failure_);
    return take_locked(parts_.empty() ? alone_bytes : size_bytes);
  }
  came_.wait(lock, [&] { return part->second || failure_; });
  if (failure_) std::rethrow_exception(failure_);
  Bytes bytes = *std::move(part->second);
  parts_.erase(part);
  return bytes;
}

void PartQueue::stop() {
  const std::scoped_lock guard(mutex_);
  stopped_ = true;
}

bool PartQueue::stopped() {
  const std::scoped_lock guard(mutex_);
  return stopped_;
}

std::size_t PartQueue::parts() {
  const std::scoped_lock guard(mutex_);
  return parts_.size();
}

}  // namespace mlbuild
