#pragma once

#include <sys/types.h>

#include <vector>

namespace mlbuild {

/// A process and all its descendants, as /proc tells them now; the process itself comes first.
std::vector<pid_t> tree_of(pid_t process);

/// Ends every descendant of the calling process, which must be a "child subreaper" (prctl(2)) so that none gets away to
/// another parent, and reaps them. For where no pid namespace does it. They are stopped first: who is stopped cannot
/// fork away from the list.
void end_descendants();

}  // namespace mlbuild
