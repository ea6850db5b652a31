#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild::debian {

// The part of the POSIX shell language that maintainer scripts are written in, as a tree. Words keep their quotes and
// expansions: what they mean is decided when the script is interpreted. Anything else (arithmetic, background jobs,
// here-documents that run commands, ...) is refused, which makes the script an unknown one.

struct ShellNode;
using ShellList = std::vector<std::unique_ptr<ShellNode>>;

struct ShellRedirect {
  std::string operation;  ///< "<", ">", ">>", "<<", ...
  std::string target;
};

struct ShellNode {
  enum class Kind { Command, AndOr, Pipeline, If, Case, Loop, Function, Group };
  Kind kind = Kind::Command;
  std::vector<std::string> words;  ///< Command; Case: the subject; Loop: the variable of `for`; Function: its name
  std::vector<ShellRedirect> redirects;
  ShellList parts;                      ///< AndOr, Pipeline: the operands; Group, Function, Loop: the body
  std::vector<std::string> operations;  ///< AndOr: "&&" or "||" before parts[i + 1]
  bool negated = false;                 ///< Pipeline
  bool is_subshell = false;             ///< Group in parentheses: its exits and assignments stay inside
  std::vector<std::pair<ShellList, ShellList>> branches;  ///< If: condition and body; Loop: one with the condition
  ShellList otherwise;                                    ///< If: else
  std::vector<std::pair<std::vector<std::string>, ShellList>> arms;  ///< Case: patterns and body
};

/// Takes the nodes that it makes from `nodes_left`. Throws Error{Foreign} for what is not in the subset, naming the
/// line.
ShellList parse_shell(std::string_view script, std::size_t& nodes_left);

}  // namespace mlbuild::debian
