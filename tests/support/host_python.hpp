#pragma once

#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/child_process.hpp"

#include <mutex>
#include <string>

namespace mlbuild::test {

/// Runs the job on the host: paths of the job's mounts become the host's, the interpreter is the host's python3.
class HostPython : public Sandbox {
 public:
  SandboxOutcome run(const SandboxJob& job, const Cancellation& cancellation) override {
    {
      const std::scoped_lock lock(mutex_);
      last = job;
    }
    Command command;
    command.argv = {"python3"};
    for (std::size_t i = 1; i < job.argv.size(); ++i) command.argv.push_back(on_host(job, job.argv[i]));
    command.env = job.env;
    const CommandResult result = run_command(command, cancellation);
    SandboxOutcome outcome;
    outcome.code = result.code;
    outcome.err = result.err;
    return outcome;
  }
  SandboxLevel level() override { return SandboxLevel::L0; }
  SandboxJob last;  ///< for when none runs

 private:
  std::mutex mutex_;
  static std::string on_host(const SandboxJob& job, const std::string& inside) {
    for (const SandboxMount& mount : job.mounts) {
      const std::string prefix = mount.inside.string();
      if (inside.starts_with(prefix)) return mount.host.string() + inside.substr(prefix.size());
    }
    return inside;
  }
};

}  // namespace mlbuild::test
