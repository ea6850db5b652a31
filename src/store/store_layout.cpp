#include "store_layout.hpp"

#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>

namespace mlbuild {
namespace {

constexpr std::time_t kNoteUseAfterSeconds = 3600;

/// A store that may only be read (a CI cache mounted read-only) can still be used, so failures do not matter.
void note_use(const std::filesystem::path& path, const struct stat& status) {
  if (std::time(nullptr) - status.st_mtime > kNoteUseAfterSeconds) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
}

}  // namespace

bool StoreLayout::is_made() const { return ::access(lock().c_str(), F_OK) == 0; }

std::filesystem::path StoreLayout::card(std::string_view step_id) const {
  return fan_out(cards(), sha256(step_id).hex());
}

FileId file_id(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? FileId{status.st_dev, status.st_ino} : FileId{};
}

void move_aside(const StoreLayout& layout, const std::filesystem::path& path, const FileId& damaged) {
  if (file_id(path) != damaged) return;
  make_directories(layout.quarantine());
  const std::filesystem::path target = layout.quarantine() / path.filename();
  // ENOENT: another process met the same damage first.
  if (::rename(path.c_str(), target.c_str()) != 0 && errno != ENOENT) throw_errno(errno, "move aside", path);
}

std::optional<std::uint64_t> use_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  note_use(path, status);
  return static_cast<std::uint64_t>(status.st_size);
}

bool use_directory(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
  note_use(path, status);
  return true;
}

}  // namespace mlbuild
