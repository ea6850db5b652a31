#include "origin_pauses.hpp"

#include <algorithm>

namespace mlbuild {

using std::chrono::milliseconds;

void OriginPauses::add(const std::string& origin, milliseconds pause) {
  const std::scoped_lock guard(mutex_);
  Clock::time_point& until = until_[origin];
  until = std::max(until, Clock::now() + pause);
}

milliseconds OriginPauses::rest(const std::string& origin) const {
  const std::scoped_lock guard(mutex_);
  const auto found = until_.find(origin);
  if (found == until_.end()) return milliseconds::zero();
  return std::max(milliseconds::zero(), std::chrono::ceil<milliseconds>(found->second - Clock::now()));
}

}  // namespace mlbuild
