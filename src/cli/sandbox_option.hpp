#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

#include <optional>
#include <string>

namespace mlbuild::cli {

/// What is wrong with the value of `--sandbox`; "" when nothing is.
std::string sandbox_option_mistake(const std::string& text);

/// The option, else the variable MLBUILD_SANDBOX, else whatever there is. Throws Error{Usage} for a wrong variable.
SandboxLevel weakest_sandbox(const std::string& option, const std::optional<std::string>& variable);

}  // namespace mlbuild::cli
