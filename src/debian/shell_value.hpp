#pragma once

#include <optional>
#include <string>

namespace mlbuild::debian {

/// What a command returns when a script is interpreted instead of run.
enum class Truth { False, True, Unknown };

/// A word after expansion; without a value when it depends on the machine.
using ShellValue = std::optional<std::string>;

}  // namespace mlbuild::debian
