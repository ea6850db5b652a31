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

std::uint64_t allocated_bytes(const struct stat& status);

}  // namespace mlbuild
