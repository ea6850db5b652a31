#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

namespace mlbuild {

/// In the process that becomes the command: limits, no capabilities, no_new_privs, system call filter, exec. Returns
/// only by throwing SetupFailure.
[[noreturn]] void become_payload(const SandboxJob& job);

/// Takes every capability from the calling process and from whatever it executes.
void drop_capabilities();

}  // namespace mlbuild
