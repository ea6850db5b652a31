#pragma once

#include <cstddef>
#include <string_view>

// Where the words of a shell script end; positions are indexes into the script.
namespace mlbuild::debian {

/// How deeply lists of commands, and expansions in quotes, may be nested.
inline constexpr int kShellDepthLimit = 48;

/// Throws Error{Foreign} that says `why` and on which line.
[[noreturn]] void refuse_shell(std::string_view script, std::size_t at, std::string_view why);

bool ends_shell_word(char c);  ///< white space and operators, where they are not quoted

/// The index behind the word that begins at `at` (quotes, `$(...)`, `${...}` and backquotes balanced). Throws
/// Error{Foreign}.
std::size_t skip_shell_word(std::string_view script, std::size_t at);

/// The index behind `$(...)`, `${...}` or a backquoted command that begins at `at`.
std::size_t skip_shell_expansion(std::string_view script, std::size_t at);

}  // namespace mlbuild::debian
