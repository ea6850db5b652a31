#include "file_system_kind.hpp"

#include <sys/vfs.h>

namespace mlbuild {

bool is_on(const std::filesystem::path& path, std::uint64_t magic) {
  struct statfs status {};
  return ::statfs(path.c_str(), &status) == 0 && static_cast<std::uint64_t>(status.f_type) == magic;
}

}  // namespace mlbuild
