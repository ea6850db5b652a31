#pragma once

#include "helper_job.hpp"

namespace mlbuild {

/// In pid 1 of the new namespaces: builds the root from overlay, /proc, /dev, /tmp and the job's mounts, and makes it
/// this process's root. The current directory must be HelperJob::directory. Throws SetupFailure.
SandboxLevel enter_root(const SandboxJob& job);

}  // namespace mlbuild
