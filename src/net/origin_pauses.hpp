#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace mlbuild {

/// Until when each origin wants to be left alone. A server that says "Retry-After" to one of eight transfers means all
/// eight: what only one of them obeys makes the limit worse. Thread-safe.
class OriginPauses {
 public:
  /// From now on; a longer one stays. True for the first pause of an origin.
  bool add(const std::string& origin, std::chrono::milliseconds pause);
  std::chrono::milliseconds rest(const std::string& origin) const;  ///< zero: go ahead

 private:
  using Clock = std::chrono::steady_clock;
  mutable std::mutex mutex_;
  std::map<std::string, Clock::time_point> until_;
};

}  // namespace mlbuild
