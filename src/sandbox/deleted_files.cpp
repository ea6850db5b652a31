#include "deleted_files.hpp"

#include <fmt/format.h>

#include <set>
#include <system_error>
#include <utility>

namespace mlbuild {

namespace fs = std::filesystem;

std::vector<DeletedFile> deleted_files(const std::vector<pid_t>& processes) {
  std::vector<DeletedFile> found;
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const pid_t process : processes) {
    std::error_code error;
    fs::directory_iterator file(fmt::format("/proc/{}/fd", process), error);
    for (const fs::directory_iterator end; !error && file != end; file.increment(error)) {
      struct stat status {};
      if (::stat(file->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 0) continue;
      if (seen.emplace(status.st_dev, status.st_ino).second) found.push_back({file->path(), status});
    }
  }
  return found;
}

std::uint64_t allocated_bytes(const struct stat& status) {
  constexpr std::uint64_t kBlockBytes = 512;
  return static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes;
}

}  // namespace mlbuild
