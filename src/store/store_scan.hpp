#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <vector>

namespace mlbuild {

/// Names in a directory, bytewise sorted; a missing directory has none. Throws Error{Io}.
std::vector<std::filesystem::path> list_directory(const std::filesystem::path& directory);

/// Calls `visit` for each regular file below, in byte order, never through symbolic links. Files that vanish meanwhile
/// are left out; `visit` may remove the file.
void for_each_file(const std::filesystem::path& directory,
                   const std::function<void(const std::filesystem::path&, const struct stat&)>& visit);

/// Sum of the files' sizes; what cannot be listed counts as nothing.
std::uint64_t tree_bytes(const std::filesystem::path& directory);

bool is_digest_named(const std::filesystem::path& path);

}  // namespace mlbuild
