#include "checked_file.hpp"

#include "pending_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::uint64_t kMaxFileBytes = 16U << 20U;
constexpr std::size_t kHexDigits = 64;

}  // namespace

std::string with_checksum(std::string_view payload) { return fmt::format("{}\n{}", sha256(payload).hex(), payload); }

std::optional<std::string> checked_payload(std::string_view content) {
  if (content.size() <= kHexDigits || content[kHexDigits] != '\n') return std::nullopt;
  const std::string_view payload = content.substr(kHexDigits + 1);
  if (sha256(payload).hex() != content.substr(0, kHexDigits)) return std::nullopt;
  return std::string(payload);
}

std::optional<std::string> read_checked_file(const std::filesystem::path& path) {
  try {
    return checked_payload(read_text_file(path, kMaxFileBytes));
  } catch (const Error& error) {
    // Absent, too long or unreadable: what the store does not know is found out again.
    if (error.kind() == ErrorKind::Io || error.kind() == ErrorKind::Foreign) return std::nullopt;
    throw;
  }
}

void write_checked_file(const StoreLayout& layout, const std::filesystem::path& path, std::string_view payload) {
  PendingFile file(layout);
  file.write(as_bytes(with_checksum(payload)));
  file.commit(path, PendingFile::Durability::Checked);
}

}  // namespace mlbuild
