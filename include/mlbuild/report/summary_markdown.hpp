#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/run/build.hpp"

#include <string>

namespace mlbuild {

/// What a build gave, as Markdown for pull requests and CI pages: size, budget, the largest packages. `refused`: why it
/// was not published, or null.
std::string build_summary_markdown(const BuildResult& result, const std::string& name, const Error* refused);

}  // namespace mlbuild
