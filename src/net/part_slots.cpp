#include "part_slots.hpp"

namespace mlbuild {

void PartSlots::begin_file(const std::string& host) {
  std::unique_lock lock(mutex_);
  Host& there = hosts_[host];
  part_ended_.wait(lock, [&] { return there.parts == 0 || there.files + there.parts < tuning_.connections_per_host; });
  ++there.files;
}

void PartSlots::end_file(const std::string& host) {
  const std::scoped_lock guard(mutex_);
  --hosts_[host].files;
}

bool PartSlots::try_begin_part(const std::string& host) {
  const std::scoped_lock guard(mutex_);
  Host& there = hosts_[host];
  if (parts_ >= tuning_.parts_in_memory || there.files + there.parts >= tuning_.connections_per_host) return false;
  ++there.parts;
  ++parts_;
  return true;
}

void PartSlots::end_part(const std::string& host) {
  {
    const std::scoped_lock guard(mutex_);
    --hosts_[host].parts;
    --parts_;
  }
  part_ended_.notify_all();
}

}  // namespace mlbuild
