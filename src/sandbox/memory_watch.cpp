#include "memory_watch.hpp"

#include "process_tree.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/statm", process));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (!(in >> size >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// In kilobytes, as smaps_rollup says it.
struct Share {
  std::uint64_t all = 0;
  std::uint64_t files_in_memory = 0;  ///< of `all`
};

Share proportional_share(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/smaps_rollup", process));
  Share share{resident_bytes(process) / 1024, 0};
  for (std::string line; std::getline(in, line);) {
    std::istringstream rest(line.substr(std::min(line.size(), line.find(':') + 1)));
    if (line.starts_with("Pss:")) rest >> share.all;
    if (line.starts_with("Pss_Shmem:")) rest >> share.files_in_memory;
  }
  return share;
}

/// File systems in memory, and files of the one that has no name, each once.
class FilesInMemory {
 public:
  void add_file_system(const fs::path& place, const fs::path& own) {
    struct stat status {};
    struct stat ours {};
    struct statfs usage {};
    if (::stat(place.c_str(), &status) != 0 || ::statfs(place.c_str(), &usage) != 0) return;
    if (::stat(own.c_str(), &ours) == 0 && ours.st_dev == status.st_dev) return;  // its root is not made yet
    if (usage.f_type != TMPFS_MAGIC || !devices_.insert(status.st_dev).second) return;
    bytes_ += (usage.f_blocks - usage.f_bfree) * static_cast<std::uint64_t>(usage.f_bsize);
  }

  void add_open_files(pid_t process) {
    std::error_code error;
    fs::directory_iterator file(fmt::format("/proc/{}/fd", process), error);
    for (const fs::directory_iterator end; !error && file != end; file.increment(error)) {
      struct stat status {};
      struct statfs system {};
      if (::stat(file->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 0) continue;
      if (devices_.contains(status.st_dev) || !seen_.emplace(status.st_dev, status.st_ino).second) continue;
      if (::statfs(file->path().c_str(), &system) != 0 || system.f_type != TMPFS_MAGIC) continue;
      bytes_ += static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes;
    }
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  static constexpr std::uint64_t kBlockBytes = 512;
  std::set<dev_t> devices_;
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::uint64_t memory_of_tree(pid_t process, const std::vector<fs::path>& places, std::uint64_t enough_bytes) {
  const std::vector<pid_t> processes = tree_of(process);
  FilesInMemory files;
  for (const fs::path& place : places)
    files.add_file_system(fmt::format("/proc/{}/root{}", process, place.string()), place);
  std::uint64_t sum = 0;
  for (const pid_t member : processes) {
    files.add_open_files(member);
    sum += resident_bytes(member);
  }
  if (sum + files.bytes() < enough_bytes) return sum + files.bytes();
  std::uint64_t own = 0, shared = 0;
  for (const pid_t member : processes) {
    const Share share = proportional_share(member);
    own += (share.all - std::min(share.all, share.files_in_memory)) * 1024;
    shared += share.files_in_memory * 1024;
  }
  return own + std::max(shared, files.bytes());  // the same pages, mapped or not
}

}  // namespace mlbuild
