#include "init_process.hpp"

#include "copied_root.hpp"
#include "payload.hpp"
#include "process_tree.hpp"
#include "root_setup.hpp"

#include "mlbuild/sys/fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mlbuild {
namespace {

constexpr const char* kHostName = "mlbuild";
constexpr int kHelperDied = SIGALRM;
constexpr int kPassedOn[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

void write_proc_file(const char* path, const std::string& text) {
  const Fd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw SetupFailure{stage::kIdMap, errno, path};
  }
}

/// One id: the job's inside is the caller outside. An ordinary user may map no more without a set-uid helper, and as
/// root the same map keeps both cases alike (user_namespaces(7), "Defining user and group ID mappings").
void map_ids(const SandboxJob& job, const CallerIds& caller) {
  write_proc_file("/proc/self/setgroups", "deny");
  write_proc_file("/proc/self/uid_map", fmt::format("{} {} 1", job.user, caller.user));
  write_proc_file("/proc/self/gid_map", fmt::format("{} {} 1", job.group, caller.group));
}

void raise_loopback() {
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!any.valid() || ::ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) throw SetupFailure{stage::kNetwork, errno, ""};
}

/// Whoever fails in here ends here: above are functions of the helper, whom this process is a copy of.
void report(int channel, const HelperReport& outcome) noexcept {
  const std::string text = to_json(outcome);
  ::send(channel, text.data(), text.size(),
         MSG_NOSIGNAL);  // nobody listens any more: the helper is dead, and so are we
}

/// Death of the helper must be ours. The signal is set first and its end of the channel looked at afterwards: a dying
/// process closes its descriptors before it signals its children, so it cannot die unseen in between. It is the
/// helper's only thread that made us: the signal follows threads, not processes.
void tie_to_helper(int channel, bool waits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  char answer = 0;
  const ssize_t count = ::recv(channel, &answer, 1, waits ? 0 : MSG_DONTWAIT);
  const bool is_alive = waits ? count == 1 && answer == kGo : count < 0 && errno == EAGAIN;
  if (!is_alive) ::_exit(1);
}

extern "C" void pass_on_to_all(int signal_number) {
  const int saved = errno;
  ::kill(-1, signal_number);  // from pid 1: everybody in the namespace but us
  errno = saved;
}

// Reached from a signal handler; set before that is installed.
volatile pid_t command = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void pass_on_to_command(int signal_number) {
  const int saved = errno;
  // It leads a session of its own, or will.
  if (::kill(-command, signal_number) != 0) ::kill(command, signal_number);
  errno = saved;
}

/// Signals without a handler never reach pid 1 (pid_namespaces(7)).
void pass_signals_on(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int number : kPassedOn) ::sigaction(number, &action, nullptr);
}

sigset_t passed_on() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : kPassedOn) ::sigaddset(&set, number);
  return set;
}

void release_held_signals() {
  const sigset_t held = passed_on();
  ::sigprocmask(SIG_UNBLOCK, &held, nullptr);
}

EnteredRoot set_up(const HelperJob& job, const CallerIds& caller) {
  if (!has_namespaces(job)) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (job.level == SandboxLevel::L2) make_copied_root(job.job);
    return {job.level, {}};
  }
  if (caller.no_user_namespace == 0) map_ids(job.job, caller);
  if (::sethostname(kHostName, std::strlen(kHostName)) != 0) throw SetupFailure{stage::kOther, errno, "hostname"};
  if (!job.job.network) raise_loopback();
  EnteredRoot root = enter_root(job.job);
  if (caller.no_user_namespace == 0) return root;
  return {SandboxLevel::L1, {stage::kNamespaces, caller.no_user_namespace, ""}};
}

pid_t start_payload(const HelperJob& job, int channel) {
  const pid_t payload = ::fork();
  if (payload < 0) throw SetupFailure{stage::kOther, errno, "fork"};
  if (payload > 0) return payload;
  try {
    become_payload(job);
  } catch (const SetupFailure& failure) {
    report(channel, {HelperReport::End::SetupFailed, 0, SandboxLevel::None, failure});
  }
  ::_exit(127);
}

/// Signals that tell of an end, held back from now on. Without a pid namespace the command would outlive us, so the
/// helper's death becomes one that can be answered.
sigset_t hold_ends(bool is_first, int channel) {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGCHLD);
  if (!is_first) ::sigaddset(&ends, kHelperDied);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  if (is_first) return ends;
  ::prctl(PR_SET_PDEATHSIG, kHelperDied, 0, 0, 0);
  char nothing = 0;
  if (::recv(channel, &nothing, 1, MSG_DONTWAIT) == 0) ::_exit(1);  // it was dead before
  return ends;
}

int reap_until(pid_t payload, const sigset_t& ends) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended == payload) return status;
    if (ended < 0 && errno != EINTR) throw SetupFailure{stage::kOther, errno, "wait"};
    if (ended != 0 || ::sigwaitinfo(&ends, nullptr) != kHelperDied) continue;
    end_descendants();
    ::_exit(1);
  }
}

HelperReport live(const HelperJob& job, const CallerIds& caller, int channel) {
  HelperReport outcome;
  outcome.end = HelperReport::End::Exited;
  const EnteredRoot root = set_up(job, caller);
  outcome.level = root.level;
  outcome.failure = root.why;
  const bool is_first = has_namespaces(job);  // process of a namespace that ends with it
  if (is_first) pass_signals_on(pass_on_to_all);
  const sigset_t ends = hold_ends(is_first, channel);
  // The payload has our user id, and /proc/1 must show it nothing. Its own exec undoes this.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const pid_t payload = start_payload(job, channel);
  if (is_first) {
    drop_capabilities(::geteuid());
  } else {
    command = payload;
    pass_signals_on(pass_on_to_command);
  }
  release_held_signals();
  const int status = reap_until(payload, ends);
  if (!is_first) end_descendants();
  if (job.level == SandboxLevel::L2) copy_back(job.job);
  const bool signaled = WIFSIGNALED(status);
  if (signaled) outcome.end = HelperReport::End::Signaled;
  outcome.code = signaled ? WTERMSIG(status) : WEXITSTATUS(status);
  return outcome;
}

}  // namespace

HeldSignals::HeldSignals() {
  const sigset_t held = passed_on();
  ::sigprocmask(SIG_BLOCK, &held, &before_);
}

HeldSignals::~HeldSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

void run_init_process(const HelperJob& job, const CallerIds& caller, int channel) {
  ::setsid();
  tie_to_helper(channel, caller.waits_for_group);
  try {
    report(channel, live(job, caller, channel));
  } catch (const SetupFailure& failure) {
    report(channel, {HelperReport::End::SetupFailed, 0, SandboxLevel::None, failure});
  } catch (const std::exception& failure) {
    report(channel, {HelperReport::End::SetupFailed, 0, SandboxLevel::None, {stage::kOther, 0, failure.what()}});
  }
  ::_exit(0);
}

}  // namespace mlbuild
