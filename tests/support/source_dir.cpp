#include "support/source_dir.hpp"

namespace mlbuild::test {

std::filesystem::path source_dir() { return MLBUILD_SOURCE_DIR; }

}  // namespace mlbuild::test
