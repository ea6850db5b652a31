#include "upload.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {

bool sends_body(const HttpRequest& request) {
  return request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

std::size_t Upload::read(MutableByteSpan buffer) {
  const std::uint64_t rest = size_bytes() - given_bytes_;
  if (rest == 0) return 0;
  if (!source_) source_ = request_.body->open();
  const std::size_t count =
      source_->read(buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(rest, buffer.size()))));
  if (count == 0) {
    throw Error(ErrorKind::Internal,
                fmt::format("a request body ends after {} of {} bytes", given_bytes_, size_bytes()));
  }
  given_bytes_ += count;
  if (given_bytes_ == size_bytes()) check_end();
  if (request_.on_sent) request_.on_sent(given_bytes_);
  return count;
}

void Upload::check_end() const {
  std::array<std::byte, 1> more{};
  if (source_->read(more) == 0) return;
  throw Error(ErrorKind::Internal, fmt::format("a request body has more than its {} bytes", size_bytes()));
}

void Upload::rewind() noexcept {
  source_.reset();
  given_bytes_ = 0;
}

bool Upload::is_stalled(std::int64_t sent_bytes) noexcept {
  const Clock::time_point now = Clock::now();
  const bool complete = static_cast<std::uint64_t>(sent_bytes) >= size_bytes();
  if (complete || sent_bytes != sent_bytes_) {
    sent_bytes_ = sent_bytes;
    moved_at_ = now;
  }
  return now - moved_at_ > stall_time_;
}

}  // namespace mlbuild
