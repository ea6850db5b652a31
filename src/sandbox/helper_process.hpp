#pragma once

#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/cancel.hpp"
#include "mlbuild/sys/fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

struct HelperOutput {
  std::string out;
  std::string err;
  std::string report;  ///< what came on descriptor 4; empty when the helper was killed
};

/// One running helper. Bytes in the lifeline are signals for the command. Closing it (also by the death of this
/// process, kill -9 included) ends the helper and all it guards. It is a pipe and not PR_SET_PDEATHSIG, which fires
/// when the *thread* that forked ends: a pool's thread must not take the run with it.
class HelperProcess {
 public:
  /// Throws Error{Step} when it cannot be started.
  HelperProcess(const std::filesystem::path& helper, std::string_view helper_job, const SandboxJob& job);
  ~HelperProcess();  ///< ends what still runs
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  /// Reads until everything has ended, and passes signals on. Past `patience` (longer than the job's own deadline,
  /// which the helper keeps) the helper is killed. Throws Error{Interrupted} on cancellation, after the end.
  HelperOutput wait(const SandboxJob& job, std::optional<std::chrono::milliseconds> patience,
                    const Cancellation& cancellation);
  /// After the end of a helper that told nothing: removes what it would have removed.
  void tidy_up_after() noexcept;

 private:
  void start(const std::filesystem::path& helper, int job, int input, int out, int err, int report, int lifeline);
  void pass_signals_on(int from) const;
  void reap() noexcept;

  pid_t process_ = -1;
  pid_t started_ = -1;  ///< the same, also after its end
  Fd out_, err_, report_, lifeline_;
};

}  // namespace mlbuild
