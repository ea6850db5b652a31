#include "part_slots.hpp"

#include <utility>

namespace mlbuild {

void PartSlots::begin_file(const std::string& host) {
  std::unique_lock lock(mutex_);
  Host& there = hosts_[host];
  ++there.waiting_files;
  changed_.wait(lock, [&] { return there.parts == 0 || has_room(there); });
  --there.waiting_files;
  ++there.files;
  changed_.notify_all();  // parts that only waited behind this file
}

void PartSlots::end_file(const std::string& host) {
  {
    const std::scoped_lock guard(mutex_);
    --hosts_[host].files;
  }
  changed_.notify_all();
}

std::optional<Bytes> PartSlots::begin_part(const std::string& host, const std::function<bool()>& is_unwanted) {
  std::unique_lock lock(mutex_);
  Host& there = hosts_[host];
  const auto is_free = [&] { return parts_ < tuning_.parts_in_memory && there.waiting_files == 0 && has_room(there); };
  changed_.wait(lock, [&] { return is_free() || is_unwanted(); });
  if (!is_free()) return std::nullopt;
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
  changed_.notify_all();
}

void PartSlots::ask_again() {
  { const std::scoped_lock guard(mutex_); }  // whoever waits has asked before this or asks after it, not meanwhile
  changed_.notify_all();
}

}  // namespace mlbuild
