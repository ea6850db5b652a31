#include "memory_watch.hpp"

#include "deleted_files.hpp"
#include "file_system_kind.hpp"
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
#include <vector>

namespace mlbuild {
namespace {

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

/// The two that every root has (root_setup.cpp), and files of the memory file system that has no name.
std::uint64_t bytes_of_files_in_memory(const std::vector<pid_t>& processes) {
  std::uint64_t sum = 0;
  std::set<dev_t> counted;
  for (const char* place : {"/tmp", "/dev/shm"}) {
    const std::string inside = fmt::format("/proc/{}/root{}", processes.front(), place);
    struct stat status {};
    struct stat ours {};
    struct statfs usage {};
    if (::stat(inside.c_str(), &status) != 0 || ::statfs(inside.c_str(), &usage) != 0) continue;
    if (::stat(place, &ours) == 0 && ours.st_dev == status.st_dev) continue;  // its root is not made yet, or is ours
    if (usage.f_type != TMPFS_MAGIC || !counted.insert(status.st_dev).second) continue;
    sum += (usage.f_blocks - usage.f_bfree) * static_cast<std::uint64_t>(usage.f_bsize);
  }
  for (const DeletedFile& file : deleted_files(processes)) {
    if (!counted.contains(file.status.st_dev) && is_on(file.descriptor, TMPFS_MAGIC))
      sum += allocated_bytes(file.status);
  }
  return sum;
}

}  // namespace

std::uint64_t memory_of_tree(pid_t process, std::uint64_t enough_bytes) {
  const std::vector<pid_t> processes = tree_of(process);
  const std::uint64_t files = bytes_of_files_in_memory(processes);
  std::uint64_t sum = files;
  for (const pid_t member : processes) sum += resident_bytes(member);
  if (sum < enough_bytes) return sum;
  std::uint64_t own = 0, shared = 0;
  for (const pid_t member : processes) {
    const Share share = proportional_share(member);
    own += (share.all - std::min(share.all, share.files_in_memory)) * 1024;
    shared += share.files_in_memory * 1024;
  }
  return own + std::max(shared, files);  // the same pages, mapped or not
}

}  // namespace mlbuild
