#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace mlbuild {
namespace {

bool is_executable_file(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::filesystem::path> find_program(const std::string& name) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string::npos) {
    return is_executable_file(name) ? std::optional<std::filesystem::path>(name) : std::nullopt;
  }
  const char* configured = std::getenv("PATH");
  const std::string directories =
      std::string(configured != nullptr ? configured : "/usr/bin:/bin") + ":/usr/sbin:/sbin";
  for (const std::string_view directory : split(directories, ':')) {
    if (!directory.starts_with('/'))
      continue;  // an empty or relative entry would run what lies in the working directory
    const std::filesystem::path candidate = std::filesystem::path(directory) / name;
    if (is_executable_file(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace mlbuild
