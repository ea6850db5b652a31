#pragma once

#include <filesystem>

namespace mlbuild {

/// Makes the directory and those above it; one that is there is fine. Throws Error{Io}.
void make_directories(const std::filesystem::path& directory);

/// The same, and those that had to be made survive a power cut: their names are synced. Throws Error{Io}.
void make_lasting_directories(const std::filesystem::path& directory);

/// fsync of a directory, so that a rename in it survives a power cut. Throws Error{Io}.
void sync_directory(const std::filesystem::path& directory);

}  // namespace mlbuild
