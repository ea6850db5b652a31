#pragma once

#include "shell_value.hpp"

#include <vector>

namespace mlbuild::debian {

/// `test ...` or `[ ... ]`, the command's name included. Comparisons of known words are decided; questions about files
/// are not, but for the directory that tells a running systemd, which no image has. Nullopt for a `[` without `]`.
std::optional<Truth> evaluate_test(const std::vector<ShellValue>& words);

}  // namespace mlbuild::debian
