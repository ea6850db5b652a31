#include "leftovers.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <system_error>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<std::string> processes_with(const std::string& variable) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const fs::path process = entry->path();
    if (!is_number(process.filename())) continue;
    const std::string environment = '\0' + content(process / "environ");
    if (environment.find('\0' + variable + '\0') != std::string::npos) found.push_back(process);
  }
  return found;
}

std::vector<std::string> mounts_below(const fs::path& directory) {
  std::vector<std::string> found;
  std::ifstream in("/proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.find(directory.string()) != std::string::npos) found.push_back(line);
  }
  return found;
}

std::vector<fs::path> own_groups() {
  std::vector<fs::path> found;
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const std::size_t controllers = line.find(':') + 1;
    const std::size_t path = line.find(':', controllers) + 1;
    const fs::path group =
        fs::path("/sys/fs/cgroup") / line.substr(controllers, path - 1 - controllers) / line.substr(path + 1);
    if (fs::is_directory(group)) found.push_back(group);
  }
  return found;
}

std::vector<std::string> groups_of(pid_t program) {
  const std::string prefix = "mlbuild-run-" + std::to_string(program) + "-";
  std::vector<std::string> found;
  for (const fs::path& parent : own_groups()) {
    for (const auto& entry : fs::directory_iterator(parent)) {
      if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
    }
  }
  return found;
}

pid_t only_child() {
  pid_t child = 0;
  for (const auto& thread : fs::directory_iterator("/proc/self/task")) {
    std::ifstream in(thread.path() / "children");
    if (in >> child) return child;
  }
  return 0;
}

}  // namespace mlbuild
