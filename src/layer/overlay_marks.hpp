#pragma once

#include "mlbuild/archive/tar.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild {

/// How overlayfs says in a directory what is hidden below it, in the form for mounts without privileges (Linux,
/// Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories", `userxattr`).
inline constexpr const char* kOpaqueAttribute = "user.overlay.opaque";      // "y": what lies below is hidden
inline constexpr const char* kWhiteoutAttribute = "user.overlay.whiteout";  // on an empty file: it is a whiteout
/// What a tree cannot show because one user owns it all: "UID GID MODE" of the layer's entry, mode in octal. The kernel
/// copies it along when a command changes the file.
inline constexpr const char* kEntryAttribute = "user.mlbuild.entry";

std::vector<std::string> list_attributes(
    const std::filesystem::path& path);  ///< of the entry itself; links are not followed
/// "" when absent or not supported.
std::string read_attribute(const std::filesystem::path& path, const char* name);

bool is_whiteout(const std::filesystem::path& path, const struct stat& status);
bool is_opaque(const std::filesystem::path& directory);

struct TrueEntry {
  std::uint64_t uid = 0, gid = 0;
  std::uint32_t mode = 0;
};
/// Of the entry's file or directory in a tree: what its owner needs is added.
std::uint32_t mode_in_tree(const TarEntry& entry);
/// Whether a tree of one owner shows the entry as it is.
bool shows_truth(const TarEntry& entry);
std::string to_attribute(const TarEntry& entry);
/// What the entry at `path` is for the image: as the attribute says, as far as its mode was not changed since.
TrueEntry true_entry(const std::filesystem::path& path, const struct stat& status, std::uint64_t uid,
                     std::uint64_t gid);

}  // namespace mlbuild
