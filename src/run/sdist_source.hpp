#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace mlbuild {

/// Unpacks a source distribution below `directory` and returns the name of its one top directory ("Source distribution
/// format": the archive holds `{name}-{version}/`). Throws Error{Foreign} for what is no such gzipped tar, for unsafe
/// paths, and for more plain bytes than any honest source has (ExpansionLimit).
std::string unpack_sdist(std::unique_ptr<Source> sdist, const std::filesystem::path& directory,
                         const Cancellation& cancellation);

}  // namespace mlbuild
