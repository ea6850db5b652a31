#include "disk_watch.hpp"

#include "process_tree.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <set>
#include <utility>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{250};
constexpr int kPausePerLook = 20;  // at most a twentieth of one processor
constexpr std::uint64_t kBlockBytes = 512;

std::uint64_t bytes_of(const struct stat& status) { return static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes; }

std::uint64_t bytes_below(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code error;
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator entry(directory, kOptions, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) == 0) sum += bytes_of(status) / std::max<nlink_t>(1, status.st_nlink);
  }
  return sum;
}

bool is_on_overlay(const fs::path& path) {
  struct statfs status {};
  return ::statfs(path.c_str(), &status) == 0 && status.f_type == OVERLAYFS_SUPER_MAGIC;
}

std::uint64_t bytes_of_deleted_files(pid_t process) {
  std::set<std::pair<dev_t, ino_t>> seen;
  std::uint64_t sum = 0;
  for (const pid_t member : tree_of(process)) {
    std::error_code error;
    fs::directory_iterator file(fmt::format("/proc/{}/fd", member), error);
    for (const fs::directory_iterator end; !error && file != end; file.increment(error)) {
      struct stat status {};
      if (::stat(file->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 0) continue;
      if (is_on_overlay(file->path()) && seen.emplace(status.st_dev, status.st_ino).second) sum += bytes_of(status);
    }
  }
  return sum;
}

}  // namespace

DiskWatch::DiskWatch(fs::path directory, std::uint64_t limit_bytes)
    : directory_(std::move(directory)), limit_bytes_(limit_bytes), next_look_(Clock::now() + kPause) {}

bool DiskWatch::is_exceeded(pid_t process) {
  const Clock::time_point begin = Clock::now();
  const std::uint64_t bytes = bytes_below(directory_) + bytes_of_deleted_files(process);
  const Clock::time_point now = Clock::now();
  next_look_ = now + std::max<Clock::duration>(kPause, kPausePerLook * (now - begin));
  return bytes > limit_bytes_;
}

}  // namespace mlbuild
