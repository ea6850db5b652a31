#pragma once

#include "mlbuild/sandbox/sandbox.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace mlbuild {

/// Control groups for one run, as far as this process may make them: version 2 where the controllers are delegated to
/// us, else version 1, else nothing (then MemoryWatch and RLIMIT_NPROC remain). Removed by the destructor; groups left
/// by killed helpers are removed by the next run.
class ResourceGroup {
 public:
  explicit ResourceGroup(const SandboxJob& job);
  ~ResourceGroup();
  ResourceGroup(const ResourceGroup&) = delete;
  ResourceGroup& operator=(const ResourceGroup&) = delete;

  void add(pid_t process);  ///< with what it starts from then on
  bool limits_memory() const { return limits_memory_; }
  bool limits_processes() const { return limits_processes_; }
  bool limits_processors() const { return limits_processors_; }
  bool ran_out_of_memory() const;

 private:
  bool try_version_2(const SandboxJob& job);
  void try_version_1(const SandboxJob& job);

  std::filesystem::path memory_;      ///< group that limits memory; empty: none
  std::filesystem::path processes_;   ///< the same directory in version 2
  std::filesystem::path processors_;  ///< likewise
  bool limits_memory_ = false;
  bool limits_processes_ = false;
  bool limits_processors_ = false;
};

/// For a helper of this process that was killed: what it would have removed.
void remove_groups_of(pid_t helper);

}  // namespace mlbuild
