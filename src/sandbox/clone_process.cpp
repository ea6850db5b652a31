#include "clone_process.hpp"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace mlbuild {

Cloned clone_process(std::uint64_t namespace_flags) {
  int descriptor = -1;
  clone_args arguments{};
  arguments.flags = namespace_flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&descriptor);
  arguments.exit_signal = SIGCHLD;
  long process = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (process < 0 && errno == ENOSYS) {
    process = ::syscall(SYS_clone, namespace_flags | CLONE_PIDFD | SIGCHLD, nullptr, &descriptor, nullptr, 0);
  }
  const int error_number = errno;
  Cloned cloned{static_cast<pid_t>(process), Fd(process > 0 ? descriptor : -1)};
  errno = error_number;
  return cloned;
}

}  // namespace mlbuild
