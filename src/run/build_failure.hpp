#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/sandbox/sandbox.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// Why the build of a source distribution failed, with the end of what it printed and, where the text gives it away,
/// what to add to the spec. Pure.
Error build_failure(const std::string& sdist_filename, const SandboxOutcome& outcome);

/// What to write into the spec, from the words of compilers and interpreters; "" when they say nothing known.
std::string advice_from_output(std::string_view output);

}  // namespace mlbuild
