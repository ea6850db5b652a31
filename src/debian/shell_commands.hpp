#pragma once

#include "shell_value.hpp"

#include "mlbuild/debian/scripts.hpp"

#include <optional>
#include <string_view>
#include <vector>

// What the commands of maintainer scripts do to an image that is being made. `words` are the command's words, its name
// first.
namespace mlbuild::debian {

using ShellWords = std::vector<ShellValue>;

/// Whether the command (`name` without its directory, `text` as written) only reads and prints, or only talks to
/// services, menus and caches that an image does not have: docs/debian.md, "Maintainer scripts".
bool is_harmless_command(std::string_view name, const ShellWords& words, std::string_view text);

/// rm and rmdir of generated files. Before a first unpacking there is nothing of the package yet, so a preinst may
/// remove anything.
bool removes_nothing_shipped(const ShellWords& words, bool is_preinst);

/// `install -d PATH...` and `mkdir -p PATH...` with literal arguments; nullopt for anything else.
std::optional<std::vector<ScriptEffect>> directories_made(const ShellWords& words);

/// update-alternatives: what `--install` with literal arguments makes, nothing for calls that remove or ask; nullopt
/// for anything else.
std::optional<std::vector<ScriptEffect>> alternatives_installed(const ShellWords& words);

/// dpkg as a question, above all `--compare-versions` with the old version, which a first installation does not have;
/// nullopt for anything else.
std::optional<Truth> answer_of_dpkg(const ShellWords& words);

}  // namespace mlbuild::debian
