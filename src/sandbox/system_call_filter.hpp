#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

namespace mlbuild {

/// Loads the seccomp filter of the payload into the calling thread (kept over exec). Needs no_new_privs. What it
/// answers is listed in docs/sandbox.md, "System calls". Returns 0 or an errno.
int load_system_call_filter(const SandboxJob& job);

}  // namespace mlbuild
