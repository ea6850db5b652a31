#pragma once

#include "helper_job.hpp"

namespace mlbuild {

/// Where nothing can be mounted (SandboxLevel::L2): the trees, one after another, and the job's mounts are copied into
/// `root` of the job's directory, by reference where the file system can (FICLONE), and belong to the job's user there.
/// /dev has its nodes; there is no /proc, and /tmp is a directory. The current directory must be HelperJob::directory.
/// Throws SetupFailure.
void make_copied_root(const SandboxJob& job);

/// After the end: what was changed or made below writable mounts goes back to where it came from. What was deleted
/// there stays. Links are copied as links, on neither side followed.
void copy_back(const SandboxJob& job);

}  // namespace mlbuild
