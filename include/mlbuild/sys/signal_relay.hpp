#pragma once

#include "mlbuild/sys/fd.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX

#include <map>
#include <vector>

namespace mlbuild {

/// While it lives, the given signals become bytes (their numbers) of a pipe instead of what they did before. At most
/// one at a time. Throws Error{Io}.
class SignalRelay {
 public:
  explicit SignalRelay(const std::vector<int>& signals);
  ~SignalRelay();
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;

  int descriptor() const { return read_.get(); }  ///< readable when a signal came

 private:
  Fd read_;
  Fd write_;
  std::map<int, struct sigaction> before_;
};

/// Without those that whoever started this program made it ignore: `nohup`, and for SIGINT the `&` of a script. They
/// stay ignored.
std::vector<int> not_ignored(std::vector<int> signals);

}  // namespace mlbuild
