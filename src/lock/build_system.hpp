#pragma once

#include "mlbuild/io/stream.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// What building a source distribution needs: `build-system.requires` of its pyproject.toml (PEP 518), with PEP 517's
/// defaults for one that has none. `tar_gz` is the distribution's stream. Throws Error{Foreign}.
std::vector<std::string> read_build_requirements(std::unique_ptr<Source> tar_gz);

/// The same from the text of a pyproject.toml; empty text: there is none.
std::vector<std::string> parse_build_requirements(std::string_view pyproject);

}  // namespace mlbuild
