#pragma once

#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

struct Command {
  std::vector<std::string> argv;            ///< argv[0] is a path, or a name looked up in PATH
  std::map<std::string, std::string> env;   ///< the whole environment of the child, nothing is inherited
  std::filesystem::path working_directory;  ///< empty: ours
  std::string standard_input;
  std::chrono::milliseconds deadline{std::chrono::minutes(10)};
  std::size_t output_limit_bytes = 16U << 20U;  ///< of stdout and stderr each; more is cut off with a note
};

struct CommandResult {
  enum class End { Exited, Signaled, DeadlinePassed };
  End end = End::Exited;
  int code = 0;  ///< exit status or signal number
  std::string out;
  std::string err;
  bool ok() const { return end == End::Exited && code == 0; }
};

/// Runs a child to its end through Boost.Process v2, in a process group of its own, with no signal blocked, stdin as a
/// file in memory, stdout and stderr as pipes and no other descriptor. Past the deadline or on cancellation the group
/// gets SIGTERM, after 2 s SIGKILL; what the child leaves running in its group when it ends is killed. Throws
/// Error{Step} when the program cannot be started, or when nothing tells how it ended (SIGCHLD is ignored),
/// Error{Interrupted} on cancellation. Thread-safe.
CommandResult run_command(const Command& command, const Cancellation& cancellation);

std::optional<std::filesystem::path> find_program(const std::string& name);  ///< in PATH plus /usr/sbin:/sbin

}  // namespace mlbuild
