#include "part_slots.hpp"

#include <utility>

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

std::optional<Bytes> PartSlots::try_begin_part(const std::string& host) {
  const std::scoped_lock guard(mutex_);
  Host& there = hosts_[host];
  if (parts_ >= tuning_.parts_in_memory || there.files + there.parts >= tuning_.connections_per_host)
    return std::nullopt;
  ++there.parts;
  ++parts_;
  if (buffers_.empty()) return Bytes();
  Bytes buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void PartSlots::end_part(const std::string& host, Bytes buffer) {
  {
    const std::scoped_lock guard(mutex_);
    --hosts_[host].parts;
    --parts_;
    buffer.clear();
    if (buffer.capacity() > 0) buffers_.push_back(std::move(buffer));
    if (parts_ == 0) buffers_.clear();
  }
  part_ended_.notify_all();
}

}  // namespace mlbuild
