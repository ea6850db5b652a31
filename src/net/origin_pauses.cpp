#include "origin_pauses.hpp"

#include <algorithm>

namespace mlbuild {

using std::chrono::milliseconds;

bool OriginPauses::add(const std::string& origin, milliseconds pause) {
  const std::scoped_lock guard(mutex_);
  const auto [entry, is_first] = until_.try_emplace(origin);
  entry->second = std::max(entry->second, Clock::now() + pause);
  return is_first;
}

milliseconds OriginPauses::rest(const std::string& origin) const {
  const std::scoped_lock guard(mutex_);
  const auto found = until_.find(origin);
  if (found == until_.end()) return milliseconds::zero();
  return std::max(milliseconds::zero(), std::chrono::ceil<milliseconds>(found->second - Clock::now()));
}

}  // namespace mlbuild
