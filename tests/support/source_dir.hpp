#pragma once

#include <filesystem>

namespace mlbuild::test {

/// The project's directory. In an object file of its own, so that all others are the same wherever the project lies,
/// and ccache has them.
std::filesystem::path source_dir();

}  // namespace mlbuild::test
