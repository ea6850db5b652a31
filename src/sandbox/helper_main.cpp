// The helper: a process of its own with one thread, because clone with namespaces is unsafe in a program with threads,
// and because what it guards must die with it. Descriptors: 0-2 the payload's, 3 job, 4 report, 5 lifeline.

#include "clone_process.hpp"
#include "helper_job.hpp"
#include "init_process.hpp"
#include "memory_watch.hpp"
#include "own_root.hpp"
#include "resource_group.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/fd.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

namespace mlbuild {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kJob = 3;
constexpr int kReport = 4;
constexpr int kLifeline = 5;
constexpr std::uint64_t kJobLimitBytes = 32U << 20U;
constexpr std::chrono::milliseconds kMemoryInterval{50};
constexpr std::chrono::seconds kGraceBeforeKill{2};
constexpr std::uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

/// Where no group can be made: whole processors, the first that we may use. What is started later inherits it.
void stay_on_processors(double limit) {
  cpu_set_t allowed;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (unsigned i = 0; i < CPU_SETSIZE && CPU_COUNT(&chosen) < limit; ++i) {
    if (CPU_ISSET(i, &allowed)) CPU_SET(i, &chosen);
  }
  ::sched_setaffinity(0, sizeof chosen, &chosen);
}

/// Watches one run from outside the namespaces.
class Supervisor {
 public:
  explicit Supervisor(const HelperJob& job) : job_(job), group_(job.job) {}

  HelperReport run() {
    start();
    watch();
    return outcome();
  }

 private:
  void start() {
    if (job_.job.processor_limit > 0 && !group_.limits_processors()) stay_on_processors(job_.job.processor_limit);
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
      throw SetupFailure{stage::kOther, errno, ""};
    channel_ = Fd(pair[0]);
    Fd theirs(pair[1]);
    const CallerIds caller{::geteuid(), ::getegid()};
    Cloned cloned = clone_into_namespaces();
    if (cloned.process < 0) throw SetupFailure{stage::kNamespaces, errno, ""};
    if (cloned.process == 0) {
      // Its group is removed by the helper, so the copy of our own object must not be destroyed: run_init_process never
      // returns.
      channel_ = Fd();
      run_init_process(job_, caller, theirs.get());
    }
    init_ = cloned.process;
    init_descriptor_ = std::move(cloned.descriptor);
    theirs = Fd();  // so that its death is the end of the channel
    group_.add(init_);
    char alive = 0;
    if (::recv(channel_.get(), &alive, 1, 0) != 1) return;  // died already: watch() sees it
    ::send(channel_.get(), &kGo, 1, MSG_NOSIGNAL);
  }

  /// EPERM may mean a chroot: root can do something about it.
  Cloned clone_into_namespaces() const {
    const std::uint64_t flags = kNamespaces | (job_.job.network ? 0 : CLONE_NEWNET);
    Cloned cloned = clone_process(flags);
    if (cloned.process >= 0 || errno != EPERM) return cloned;
    if (!make_root_a_mount() || ::chdir(job_.directory.c_str()) != 0) {
      errno = EPERM;
      return cloned;
    }
    return clone_process(flags);
  }

  bool watches_memory() const { return job_.job.memory_limit_bytes != 0 && !group_.limits_memory(); }

  void watch() {
    const bool is_limited = job_.job.deadline != std::chrono::seconds::zero();
    const Clock::time_point deadline = is_limited ? Clock::now() + job_.job.deadline : Clock::time_point::max();
    std::optional<Clock::time_point> kill_at;
    while (!ended_within(kill_at.value_or(deadline))) {
      const Clock::time_point now = Clock::now();
      if (kill_at && now >= *kill_at) {
        ::kill(init_, SIGKILL);
        kill_at = now + kGraceBeforeKill;
      } else if (!kill_at && now >= deadline) {
        forced_ = HelperReport::End::DeadlinePassed;
        ::kill(init_, SIGTERM);
        kill_at = now + kGraceBeforeKill;
      } else if (watches_memory() && memory_of_tree(init_, job_.job.memory_limit_bytes) > job_.job.memory_limit_bytes) {
        forced_ = HelperReport::End::MemoryExceeded;
        ::kill(init_, SIGKILL);
      }
    }
    int ignored = 0;
    while (::waitpid(init_, &ignored, 0) < 0 && errno == EINTR) {
    }
  }

  /// Waits for the end of pid 1, at most until `until` or the next look at memory. Death of the caller ends everything.
  bool ended_within(Clock::time_point until) {
    constexpr std::chrono::hours kLongest{1};
    const Clock::duration left = until == Clock::time_point::max() ? kLongest : until - Clock::now();
    auto timeout = std::chrono::ceil<std::chrono::milliseconds>(left);
    if (watches_memory()) timeout = std::min(timeout, kMemoryInterval);
    timeout = std::clamp(timeout, std::chrono::milliseconds(0), std::chrono::milliseconds(kLongest));
    std::array<pollfd, 2> watched{pollfd{init_descriptor_.get(), POLLIN, 0}, pollfd{kLifeline, POLLIN, 0}};
    ::poll(watched.data(), lifeline_cut_ ? 1 : 2, static_cast<int>(timeout.count()));
    if (watched[1].revents != 0 && !pass_signals_on()) {
      lifeline_cut_ = true;
      ::kill(init_, SIGKILL);
    }
    return watched[0].revents != 0;
  }

  /// False when the caller is gone.
  bool pass_signals_on() const {
    std::array<char, 64> numbers{};
    const ssize_t count = ::read(kLifeline, numbers.data(), numbers.size());
    if (count < 0 && errno == EINTR) return true;
    for (ssize_t i = 0; i < count; ++i) ::kill(init_, numbers.at(static_cast<std::size_t>(i)));
    return count > 0;
  }

  /// The first failure wins: after a failed exec the payload's report comes before that of pid 1.
  HelperReport outcome() {
    std::array<char, std::size_t{64} * 1024> buffer{};
    std::optional<HelperReport> result;
    for (;;) {
      const ssize_t count = ::recv(channel_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count <= 1) break;
      const HelperReport report = parse_helper_report({buffer.data(), static_cast<std::size_t>(count)});
      if (!result || result->end != HelperReport::End::SetupFailed) result = report;
    }
    HelperReport final = result.value_or(
        HelperReport{HelperReport::End::SetupFailed, 0, SandboxLevel::None, {stage::kOther, 0, "pid 1 was killed"}});
    const bool failed = final.end != HelperReport::End::Exited || final.code != 0;
    if (forced_)
      final.end = *forced_;
    else if (failed && group_.ran_out_of_memory())
      final.end = HelperReport::End::MemoryExceeded;
    return final;
  }

  const HelperJob& job_;
  ResourceGroup group_;
  Fd channel_;
  pid_t init_ = -1;
  Fd init_descriptor_;
  bool lifeline_cut_ = false;
  std::optional<HelperReport::End> forced_;
};

std::string read_job() {
  FileSource source(Fd(kJob), "sandbox job");
  const Bytes bytes = read_all(source, kJobLimitBytes);
  return std::string(as_text(bytes));
}

HelperReport supervise() {
  HelperReport report;
  try {
    const HelperJob job = parse_helper_job(read_job());
    if (::chdir(job.directory.c_str()) != 0) throw SetupFailure{stage::kOther, errno, job.directory.string()};
    return Supervisor(job).run();
  } catch (const SetupFailure& failure) {
    report.failure = failure;
  } catch (const std::exception& failure) {
    report.failure = {stage::kOther, 0, failure.what()};
  }
  return report;
}

}  // namespace

int sandbox_helper_main() {
  ::close_range(kLifeline + 1, ~0U, 0);
  ::close_range(kJob, ~0U, CLOSE_RANGE_CLOEXEC);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const std::string text = to_json(supervise());
  return ::write(kReport, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
}

}  // namespace mlbuild
