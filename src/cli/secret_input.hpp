#pragma once

#include "mlbuild/sys/cancel.hpp"

#include <string>

namespace mlbuild::cli {

bool stdin_is_terminal();
/// A line typed at the terminal, without being shown when `secret`. The question goes to stderr.
std::string ask_at_terminal(const std::string& question, bool secret, const Cancellation& cancellation);
/// All of standard input, without the line end that `echo` and editors put there.
std::string read_secret_from_stdin(const Cancellation& cancellation);

}  // namespace mlbuild::cli
