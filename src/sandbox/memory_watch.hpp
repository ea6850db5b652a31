#pragma once

#include <sys/types.h>

#include <cstdint>

namespace mlbuild {

/// Memory of a process and all its descendants: the sum of their resident sets, and only when that reaches
/// `enough_bytes` the far slower proportional share, which counts a page shared by n processes as 1/n. With it goes
/// what their files in memory hold: those without a name that are open (memfd_create), /tmp and /dev/shm of the
/// process, unless they are the caller's. For machines that give us no control group; a process that allocates faster
/// than the caller looks overshoots.
std::uint64_t memory_of_tree(pid_t process, std::uint64_t enough_bytes);

}  // namespace mlbuild
