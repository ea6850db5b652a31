#pragma once

#include "mlbuild/sys/fd.hpp"

#include <sys/types.h>

#include <cstdint>

namespace mlbuild {

struct Cloned {
  pid_t process = -1;  ///< 0 in the child, -1 with errno on failure
  Fd descriptor;       ///< pidfd, in the parent
};

/// fork with namespaces. Only for a process with one thread: the child goes on with a copy of all locks. Containers
/// hide clone3 behind ENOSYS, since their filter cannot read its argument; then clone is asked.
Cloned clone_process(std::uint64_t namespace_flags);

}  // namespace mlbuild
