#pragma once

#include "mlbuild/net/http.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace mlbuild {

/// POST, PUT and PATCH always have a body, if only an empty one: servers want Content-Length: 0 then.
bool sends_body(const HttpRequest& request);

/// The body of one try on its way out.
class Upload {
 public:
  explicit Upload(const HttpRequest& request) : request_(request) {}
  /// 0 only when everything was given. Asks the source for its end before the last bytes go out: a source that checks
  /// its digest complains then, and the server never has a complete wrong body.
  std::size_t read(MutableByteSpan buffer);
  void rewind() noexcept;

  void set_stall_time(std::chrono::seconds time) { stall_time_ = time; }
  /// Nothing went out for too long, although there is more. `sent_bytes` is what the socket took.
  bool is_stalled(std::int64_t sent_bytes) noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t size_bytes() const { return request_.body ? request_.body->size_bytes : 0; }
  void check_end() const;

  const HttpRequest& request_;
  std::unique_ptr<Source> source_;
  std::uint64_t given_bytes_ = 0;
  std::chrono::seconds stall_time_{60};
  std::int64_t sent_bytes_ = -1;
  Clock::time_point moved_at_{};
};

}  // namespace mlbuild
