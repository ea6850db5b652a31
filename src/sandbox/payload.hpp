#pragma once

#include "helper_job.hpp"

#include <sys/types.h>

namespace mlbuild {

/// In the process that becomes the command: the copied root where there is one, limits, no capabilities, no_new_privs,
/// Landlock, system call filter, exec. A probe does all but the last and exits with 0. Returns only by throwing
/// SetupFailure.
[[noreturn]] void become_payload(const HelperJob& job);

/// Takes every capability from the calling process and from whatever it executes; on the way it becomes `user`.
void drop_capabilities(uid_t user);

}  // namespace mlbuild
