#pragma once

#include <filesystem>

namespace mlbuild {

/// Removes `path` and everything below it; goes on after failures. Returns 0 or the first errno.
int remove_tree_below(const std::filesystem::path& path) noexcept;

}  // namespace mlbuild
