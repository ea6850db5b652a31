#pragma once

#include "helper_job.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t is POSIX
#include <sys/types.h>

namespace mlbuild {

/// Ids of the caller, taken before the namespaces are made: inside nothing is mapped yet.
struct CallerIds {
  uid_t user = 0;
  gid_t group = 0;
  /// Why there is no user namespace around us, when there is none: root can do without one, and is root inside then.
  int no_user_namespace = 0;
  bool waits_for_group = false;  ///< the helper says kGo when we are in our control group
};

/// The signals that pid 1 passes on wait while this lives, and in what is cloned meanwhile: before pid 1 has handlers
/// the kernel drops them (pid_namespaces(7)), and before there is a command nobody would hear them.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  sigset_t before_{};
};

/// Life of pid 1 in the new namespaces: maps ids, builds the root, starts the payload, reaps everything, reports a
/// HelperReport on `channel` (a SOCK_SEQPACKET pair with the helper) and exits, which makes the kernel kill
/// whatever is left. Signals are passed on to all processes inside; those that were held until there were any. Without
/// namespaces (L2, L3) it is a plain process that does the same with less: orphans become its children, it ends them
/// itself, and passes signals on to the command's group only.
[[noreturn]] void run_init_process(const HelperJob& job, const CallerIds& caller, int channel);

inline constexpr char kGo = 'g';

}  // namespace mlbuild
