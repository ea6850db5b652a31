#pragma once

#include "mlbuild/sys/fd.hpp"

#include <cstdint>
#include <filesystem>

namespace mlbuild {

/// Opens what foreign code has left: a link is not followed, and only a plain file of at most `limit_bytes` is read.
/// Throws Error{Foreign}, Error{Io}.
Fd open_plain_file(const std::filesystem::path& path, std::uint64_t limit_bytes);

}  // namespace mlbuild
