#pragma once

#include "helper_job.hpp"

namespace mlbuild {

struct EnteredRoot {
  SandboxLevel level = SandboxLevel::L0;
  SetupFailure why;  ///< below L0: what the kernel refused
};

/// With namespaces, in pid 1 of the new namespaces: builds the root from overlay, /proc, /dev, /tmp and the job's
/// mounts, and makes it this process's root. The current directory must be HelperJob::directory. Throws SetupFailure.
EnteredRoot enter_root(const SandboxJob& job);

}  // namespace mlbuild
