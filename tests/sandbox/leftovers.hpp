#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild {

/// Processes of this machine, seen from outside, whose environment has this line.
std::vector<std::string> processes_with(const std::string& variable);
/// Of this process's mount table.
std::vector<std::string> mounts_below(const std::filesystem::path& directory);
/// Control groups that this process is in and sees, one a line of cgroups(7), "/proc/pid/cgroup":
/// "id:controllers:path", version 2 has no controllers.
std::vector<std::filesystem::path> own_groups();
/// Control groups of what this program, which is in the same groups as we are, runs in sandboxes.
std::vector<std::string> groups_of(pid_t program);
/// Of this program; 0: there is none. While a job runs that is its helper.
pid_t only_child();

}  // namespace mlbuild
