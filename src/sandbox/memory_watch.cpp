#include "memory_watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

/// Processes end while we look: whatever cannot be read counts nothing.
std::vector<pid_t> tree_of(pid_t root) {
  std::vector<pid_t> found{root};
  for (std::size_t next = 0; next < found.size(); ++next) {
    std::error_code error;
    fs::directory_iterator thread(fmt::format("/proc/{}/task", found[next]), error);
    for (const fs::directory_iterator end; !error && thread != end; thread.increment(error)) {
      std::ifstream children(thread->path() / "children");
      for (pid_t child = 0; children >> child;) found.push_back(child);
    }
  }
  return found;
}

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/statm", process));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (!(in >> size >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t proportional_bytes(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/smaps_rollup", process));
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("Pss:")) continue;
    std::uint64_t kilobytes = 0;
    std::istringstream(line.substr(4)) >> kilobytes;
    return kilobytes * 1024;
  }
  return resident_bytes(process);
}

}  // namespace

std::uint64_t memory_of_tree(pid_t process, std::uint64_t enough_bytes) {
  const std::vector<pid_t> processes = tree_of(process);
  std::uint64_t sum = 0;
  for (const pid_t member : processes) sum += resident_bytes(member);
  if (sum < enough_bytes) return sum;
  sum = 0;
  for (const pid_t member : processes) sum += proportional_bytes(member);
  return sum;
}

}  // namespace mlbuild
