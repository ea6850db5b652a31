#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace mlbuild {

struct DeletedFile {
  std::filesystem::path descriptor;  ///< below /proc: leads to the file as long as it is open
  struct stat status;
};

/// Regular files without a name that these processes have open, each once.
std::vector<DeletedFile> deleted_files(const std::vector<pid_t>& processes);

/// Whether the path leads to a file system of this kind, as linux/magic.h has them.
bool is_on(const std::filesystem::path& path, std::uint64_t magic);

std::uint64_t allocated_bytes(const struct stat& status);

}  // namespace mlbuild
