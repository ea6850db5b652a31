#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/plan/plan.hpp"
#include "mlbuild/sandbox/sandbox.hpp"

#include <string>
#include <string_view>

namespace mlbuild {

/// Why the build of a source distribution failed, with the end of what it printed and, where the text gives it away,
/// what to add to the spec. Pure.
Error build_failure(const std::string& sdist_filename, const SandboxOutcome& outcome);

/// What to write into the spec, from the words of compilers and interpreters; "" when they say nothing known.
std::string advice_from_output(std::string_view output);

/// The failure of a command of the spec, at its place there, with its last words.
Error command_failure(const Step& step, const SandboxOutcome& outcome);

}  // namespace mlbuild
