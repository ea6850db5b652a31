#pragma once

#include <atomic>

namespace mlbuild {

/// Asks running work to stop. Shared by all threads of a build; the signal handler of main calls request().
class Cancellation {
 public:
  void request() noexcept { requested_.store(true, std::memory_order_relaxed); }  ///< async-signal-safe
  bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }
  /// Throws Error{Interrupted} when requested. Long loops call it once per buffer or entry.
  void check() const;

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace mlbuild
