#include "store_layout.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/file.hpp"

namespace mlbuild {

std::filesystem::path StoreLayout::card(std::string_view step_id) const { return fan_out(cards(), sha256(step_id).hex()); }

std::string with_checksum(std::string_view payload) { return fmt::format("{}\n{}", sha256(payload).hex(), payload); }

std::optional<std::string> checked_payload(std::string_view content) {
  constexpr std::size_t kPrefix = 65;
  if (content.size() < kPrefix || content[kPrefix - 1] != '\n') return std::nullopt;
  const std::string_view payload = content.substr(kPrefix);
  if (sha256(payload).hex() != content.substr(0, kPrefix - 1)) return std::nullopt;
  return std::string(payload);
}

void move_aside(const StoreLayout& layout, const std::filesystem::path& path) {
  std::error_code ignored;  // a second builder may have moved it already
  std::filesystem::create_directories(layout.quarantine(), ignored);
  std::filesystem::rename(path, layout.quarantine() / path.filename(), ignored);
  if (ignored) std::filesystem::remove(path, ignored);
}

}  // namespace mlbuild
