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

std::vector<std::string> abandoned_groups() {
  constexpr std::string_view kPrefix = "mlbuild-run-";
  std::vector<std::string> found;
  std::error_code error;
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator entry("/sys/fs/cgroup", kOptions, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with(kPrefix) || !is_number(name.substr(kPrefix.size()))) continue;
    if (!fs::exists("/proc/" + name.substr(kPrefix.size()))) found.push_back(entry->path());
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
