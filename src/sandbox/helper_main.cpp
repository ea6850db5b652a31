// The helper: a process of its own with one thread, because clone with namespaces is unsafe in a program with threads,
// and because what it guards must die with it. Descriptors: 0-2 the payload's, 3 job, 4 report, 5 lifeline.

#include "clone_process.hpp"
#include "disk_watch.hpp"
#include "helper_job.hpp"
#include "init_process.hpp"
#include "memory_watch.hpp"
#include "own_root.hpp"
#include "process_tree.hpp"
#include "resource_group.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/disk_file.hpp"
#include "mlbuild/sys/fd.hpp"
#include "mlbuild/sys/temp_dir.hpp"
#include "mlbuild/sys/write_all.hpp"

#include <fcntl.h>
#include <grp.h>
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
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kJob = 3;
constexpr int kReport = 4;
constexpr int kLifeline = 5;
constexpr std::uint64_t kJobLimitBytes = 32U << 20U;
constexpr std::chrono::milliseconds kWatchInterval{50};
// Moving a process into a control group waits for the kernel's grace period (6 ms on an idle machine), longer than most
// commands run. So a group that only counts processes is made for those that live longer than this.
constexpr std::chrono::milliseconds kGroupAfter{20};
constexpr std::uint64_t kFewProcesses = 1024;
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

/// Every level does its work by names below this directory, and by none above: wherever the one before ended up.
void enter_directory(const HelperJob& job) {
  if (::chdir(job.directory.c_str()) != 0) throw SetupFailure{stage::kOther, errno, job.directory.string()};
}

/// Watches one run from outside the namespaces.
class Supervisor {
 public:
  explicit Supervisor(const HelperJob& job) : job_(job), disk_(written_to(job), disk_limit(job)) {}

  HelperReport run() {
    start();
    watch();
    return outcome();
  }
  bool lost_its_caller() const { return lifeline_cut_; }

 private:
  /// At L2 mounts are copies below the root.
  static std::vector<std::filesystem::path> written_to(const HelperJob& job) {
    std::vector<std::filesystem::path> places{job.directory / (has_namespaces(job) ? "upper" : "root")};
    for (const SandboxMount& mount : job.job.mounts) {
      if (mount.counted && job.level != SandboxLevel::L2) places.push_back(mount.host);
    }
    return places;
  }

  /// At L2 what was copied there is found with what was written.
  static std::uint64_t disk_limit(const HelperJob& job) {
    if (job.probe || job.job.disk_limit_bytes == 0) return 0;
    if (job.level != SandboxLevel::L2) return job.job.disk_limit_bytes;
    std::vector<std::filesystem::path> copied = job.job.roots;
    for (const SandboxMount& mount : job.job.mounts) copied.push_back(mount.host);
    return job.job.disk_limit_bytes + bytes_on_disk(copied);
  }

  /// Limits that a command could overrun at once.
  bool needs_group_at_once() const {
    return job_.job.memory_limit_bytes != 0 || job_.job.processor_limit > 0 || job_.job.process_limit < kFewProcesses;
  }

  void start() {
    if (needs_group_at_once()) group_.emplace(job_.job);
    if (job_.job.processor_limit > 0 && !group_->limits_processors()) stay_on_processors(job_.job.processor_limit);
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
      throw SetupFailure{stage::kOther, errno, ""};
    channel_ = Fd(pair[0]);
    Fd theirs(pair[1]);
    CallerIds caller{::geteuid(), ::getegid()};
    caller.waits_for_group = group_.has_value();
    const HeldSignals held;
    Cloned cloned = clone_into_namespaces(caller);
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
    if (!group_) return;
    group_->add(init_);
    ::send(channel_.get(), &kGo, 1, MSG_NOSIGNAL);
  }

  /// Whichever way it ends, it has left the working directory.
  bool has_root_mount() const {
    const bool is_mount = make_root_a_mount();
    enter_directory(job_);
    return is_mount;
  }

  /// EPERM may mean a chroot: root can do something about it. Where user namespaces are switched off, root can have the
  /// others without one; what the probe found at L0 is not run at less because the kernel is short of something now.
  Cloned clone_into_namespaces(CallerIds& caller) const {
    if (!has_namespaces(job_)) return clone_process(0);
    const std::uint64_t flags = kNamespaces | (job_.job.network ? 0 : CLONE_NEWNET);
    Cloned cloned = clone_process(flags);
    if (cloned.process >= 0) return cloned;
    caller.no_user_namespace = errno;
    if (errno == EPERM && has_root_mount()) cloned = clone_process(flags);
    if (cloned.process >= 0) {
      caller.no_user_namespace = 0;
      return cloned;
    }
    const bool may_be_weaker = job_.probe || job_.level != SandboxLevel::L0;
    if (caller.user == 0 && may_be_weaker) cloned = clone_process(flags & ~std::uint64_t{CLONE_NEWUSER});
    if (cloned.process < 0) errno = caller.no_user_namespace;
    return cloned;
  }

  /// Puts what runs already into a group. False when it has grown beyond its limit, or grows faster than we can look.
  bool join_group_late() {
    group_.emplace(job_.job);
    if (!group_->limits_processes()) return true;
    constexpr int kRounds = 20;
    std::set<pid_t> joined;
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<pid_t> tree = tree_of(init_);
      if (tree.size() > job_.job.process_limit + 1) return false;
      const std::size_t before = joined.size();
      for (const pid_t process : tree) {
        if (joined.insert(process).second) group_->add(process);
      }
      if (joined.size() == before) return true;
    }
    return false;
  }

  bool watches_memory() const { return job_.job.memory_limit_bytes != 0 && !group_->limits_memory(); }
  /// RLIMIT_NPROC does not bind root, who is no root in a user namespace of his own.
  bool watches_processes() const { return !has_namespaces(job_) && group_ && !group_->limits_processes(); }

  bool exceeds_memory() const {
    const std::uint64_t limit = job_.job.memory_limit_bytes;
    return watches_memory() && memory_of_tree(init_, limit) > limit;
  }

  /// What no control group keeps within its limit.
  std::optional<HelperReport::End> exceeded(Clock::time_point until) {
    if (!group_ && Clock::now() >= started_ + kGroupAfter && !join_group_late()) return HelperReport::End::Signaled;
    if (exceeds_memory()) return HelperReport::End::MemoryExceeded;
    if (watches_processes() && tree_of(init_).size() > job_.job.process_limit + 1) return HelperReport::End::Signaled;
    if (disk_.is_on() && Clock::now() >= disk_.next_look() && disk_.is_exceeded(init_, attention(until)))
      return HelperReport::End::DiskExceeded;
    return std::nullopt;
  }

  /// Whether something has happened, or is due, that a long look at the disk must not keep waiting.
  std::function<bool()> attention(Clock::time_point until) const {
    return [this, until, next_look = Clock::now() + kWatchInterval]() mutable {
      std::array<pollfd, 2> watched = watched_descriptors();
      if (::poll(watched.data(), watched_count(), 0) != 0) return true;
      const Clock::time_point now = Clock::now();
      if (now < next_look) return now >= until;
      next_look = now + kWatchInterval;
      return now >= until || exceeds_memory();
    };
  }

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
      } else if (const auto end = exceeded(kill_at.value_or(deadline))) {
        if (!forced_) forced_ = end;
        ::kill(init_, SIGKILL);
      }
    }
    int ignored = 0;
    while (::waitpid(init_, &ignored, 0) < 0 && errno == EINTR) {
    }
    if (!has_namespaces(job_)) end_descendants();  // what became ours when init was killed
  }

  /// Waits for the end of pid 1, at most until `until` or the next look at memory. Death of the caller ends everything.
  bool ended_within(Clock::time_point until) {
    constexpr std::chrono::hours kLongest{1};
    const Clock::duration left = until == Clock::time_point::max() ? kLongest : until - Clock::now();
    auto timeout = std::chrono::ceil<std::chrono::milliseconds>(left);
    if (!group_) timeout = std::min(timeout, kGroupAfter);
    if (watches_memory() || watches_processes()) timeout = std::min(timeout, kWatchInterval);
    if (disk_.is_on()) {
      timeout = std::min(timeout, std::chrono::ceil<std::chrono::milliseconds>(disk_.next_look() - Clock::now()));
    }
    timeout = std::clamp(timeout, std::chrono::milliseconds(0), std::chrono::milliseconds(kLongest));
    std::array<pollfd, 2> watched = watched_descriptors();
    ::poll(watched.data(), watched_count(), static_cast<int>(timeout.count()));
    if (watched[1].revents != 0 && !pass_signals_on()) {
      lifeline_cut_ = true;
      ::kill(init_, SIGKILL);
    }
    return watched[0].revents != 0;
  }

  /// Pid 1, and the caller as long as there is one.
  std::array<pollfd, 2> watched_descriptors() const {
    return {pollfd{init_descriptor_.get(), POLLIN, 0}, pollfd{kLifeline, POLLIN, 0}};
  }
  nfds_t watched_count() const { return lifeline_cut_ ? 1 : 2; }

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
    if (forced_) {
      final.end = *forced_;
      if (final.end == HelperReport::End::Signaled) final.code = SIGKILL;
    } else if (failed && group_ && group_->ran_out_of_memory()) {
      final.end = HelperReport::End::MemoryExceeded;
    }
    return final;
  }

  const HelperJob& job_;
  std::optional<ResourceGroup> group_;
  const Clock::time_point started_ = Clock::now();
  DiskWatch disk_;
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

HelperReport run_at(HelperJob job, SandboxLevel level) {
  job.level = level;
  enter_directory(job);
  if (!has_namespaces(job)) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  Supervisor supervisor(job);
  HelperReport report = supervisor.run();
  // Nobody is left who would remove it.
  if (supervisor.lost_its_caller() && ::chdir("/") == 0) remove_tree(job.directory);
  return report;
}

HelperReport run_or_report(const HelperJob& job, SandboxLevel level) {
  try {
    return run_at(job, level);
  } catch (const SetupFailure& failure) {
    return {HelperReport::End::SetupFailed, 0, SandboxLevel::None, failure};
  }
}

/// The strongest level at which a job that does nothing comes to its end. What is missing for L0 is what the first try
/// failed at.
HelperReport probe(const HelperJob& job) {
  HelperReport first = run_or_report(job, SandboxLevel::L0);
  if (first.end != HelperReport::End::SetupFailed) return first;
  for (const SandboxLevel level : {SandboxLevel::L2, SandboxLevel::L3}) {
    HelperReport report = run_or_report(job, level);
    if (report.end == HelperReport::End::SetupFailed) continue;
    report.failure = first.failure;
    return report;
  }
  return first;
}

HelperReport supervise() {
  HelperReport report;
  try {
    const HelperJob job = parse_helper_job(read_job());
    return job.probe ? probe(job) : run_at(job, job.level);
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
  if (::geteuid() == 0) ::setgroups(0, nullptr);  // inside a user namespace it is too late for that
  const std::string text = to_json(supervise());
  // No handlers of this program's libraries: they have nothing to do here, and they take time.
  ::_exit(write_all(kReport, as_bytes(text)) ? 0 : 1);
}

}  // namespace mlbuild
