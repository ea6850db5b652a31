#include "memory_watch.hpp"

#include "process_tree.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
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
