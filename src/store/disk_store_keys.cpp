// Facts and cards. They are written after the blobs they speak of are durable, and not synced themselves: one that is
// lost or damaged by a power cut reads as a miss, and the step runs again.

#include "checked_file.hpp"
#include "disk_store_state.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/store/disk_store.hpp"

namespace mlbuild {

std::optional<std::string> DiskStore::get(const StepKey& key) {
  const std::filesystem::path path = state_->layout.key(key);
  return use_file(path) ? read_checked_file(path) : std::nullopt;
}

void DiskStore::put(const StepKey& key, std::string_view facts) {
  write_checked_file(state_->layout, state_->layout.key(key), facts);
}

std::optional<KeyCard> DiskStore::last_card(std::string_view step_id) {
  const std::filesystem::path path = state_->layout.card(step_id);
  const std::optional<std::string> json = use_file(path) ? read_checked_file(path) : std::nullopt;
  if (!json) return std::nullopt;
  try {
    return KeyCard::parse(*json);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Foreign) return std::nullopt;  // written by another version
    throw;
  }
}

void DiskStore::remember_card(std::string_view step_id, const KeyCard& card) {
  write_checked_file(state_->layout, state_->layout.card(step_id), card.to_json());
}

}  // namespace mlbuild
