#include "mlbuild/sys/directory.hpp"

#include "mlbuild/sys/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

namespace mlbuild {

void make_directories(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw_errno(error.value(), "make directory", directory);
}

void make_lasting_directories(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::vector<std::filesystem::path> changed;  // those that get a new name, bottom to top
  for (std::filesystem::path missing = directory.lexically_normal();
       !missing.empty() && !std::filesystem::exists(missing, ignored); missing = changed.back()) {
    changed.push_back(missing.has_parent_path() ? missing.parent_path() : ".");
  }
  make_directories(directory);
  for (const std::filesystem::path& parent : changed) sync_directory(parent);
}

void sync_directory(const std::filesystem::path& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) throw_errno(errno, "sync", directory);
}

}  // namespace mlbuild
