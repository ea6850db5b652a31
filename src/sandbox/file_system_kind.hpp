#pragma once

#include <cstdint>
#include <filesystem>

namespace mlbuild {

/// Whether the path leads to a file system of this kind, as linux/magic.h has them.
bool is_on(const std::filesystem::path& path, std::uint64_t magic);

}  // namespace mlbuild
