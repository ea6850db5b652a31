#pragma once

#include <atomic>

namespace mlbuild {

/// Asks running work to stop. Shared by all threads of a build; the signal handler of main calls request().
class Cancellation {
 public:
  Cancellation() = default;
  /// For a part of some work: stops with the whole, which must outlive it, and can be stopped alone.
  explicit Cancellation(const Cancellation* whole) noexcept : whole_(whole) {}
  void request() noexcept { requested_.store(true, std::memory_order_relaxed); }  ///< async-signal-safe
  bool requested() const noexcept {
    return requested_.load(std::memory_order_relaxed) || (whole_ != nullptr && whole_->requested());
  }
  /// Throws Error{Interrupted} when requested. Long loops call it once per buffer or entry.
  void check() const;

 private:
  std::atomic<bool> requested_{false};
  const Cancellation* const whole_ = nullptr;
};

}  // namespace mlbuild
