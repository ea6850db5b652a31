#include "payload.hpp"

#include "landlock.hpp"
#include "own_programs.hpp"
#include "system_call_filter.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {
namespace {

constexpr rlim_t kOpenFiles = 65536;
constexpr std::string_view kStandardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void limit(__rlimit_resource resource, rlim_t wanted, const char* name) {
  rlimit current{};
  if (::getrlimit(resource, &current) != 0) throw SetupFailure{stage::kLimits, errno, name};
  const rlim_t value = std::min(wanted, current.rlim_max);
  const rlimit next{value, value};
  if (::setrlimit(resource, &next) != 0) throw SetupFailure{stage::kLimits, errno, name};
}

void set_limits(const SandboxJob& job) {
  limit(RLIMIT_CORE, 0, "core size");
  limit(RLIMIT_NOFILE, kOpenFiles, "open files");
  limit(RLIMIT_NPROC, job.process_limit, "processes");
  const std::uint64_t largest = std::min(job.file_limit_bytes - 1, job.disk_limit_bytes - 1) + 1;  // 0: none
  if (largest != 0) limit(RLIMIT_FSIZE, largest, "file size");
}

void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, &standard, nullptr);  // fails for KILL and STOP only
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// A bare name is looked for as a shell would.
std::vector<std::string> candidates(const SandboxJob& job) {
  const std::string& name = job.argv.front();
  if (name.find('/') != std::string::npos) return {name};
  const auto path = job.env.find("PATH");
  std::vector<std::string> programs;
  for (const std::string_view directory : split(path == job.env.end() ? kStandardPath : path->second, ':')) {
    programs.push_back(fmt::format("{}/{}", directory.empty() ? "." : directory, name));
  }
  return programs;
}

[[noreturn]] void execute(const HelperJob& helper_job) {
  SandboxJob job = helper_job.job;
  // There /tmp is the machine's, and out of reach.
  if (helper_job.level == SandboxLevel::L3) job.env.insert({"TMPDIR", (helper_job.directory / "root").string()});
  std::vector<std::string> arguments = job.argv;
  std::vector<std::string> environment;
  for (const auto& [name, value] : job.env) environment.push_back(fmt::format("{}={}", name, value));
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  for (const std::string& program : candidates(job)) {
    ::execve(program.c_str(), argument_pointers.data(), environment_pointers.data());
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  throw SetupFailure{stage::kExec, errno, job.argv.front()};
}

}  // namespace

namespace {

/// Without these a process with user id 0 gets everything back at exec (capabilities(7)).
void forbid_new_capabilities() {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) throw SetupFailure{stage::kLimits, errno, "capabilities"};
  }
  constexpr unsigned long kNoRoot = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (::prctl(PR_SET_SECUREBITS, kNoRoot, 0, 0, 0) != 0) throw SetupFailure{stage::kLimits, errno, "secure bits"};
}

}  // namespace

void drop_capabilities(uid_t user) {
  // Another user without privileges (L3) has nothing to lose, and no_new_privs keeps it so.
  const bool is_plain_user = ::geteuid() != 0 && ::prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) != 0;
  if (!is_plain_user) forbid_new_capabilities();
  if (::geteuid() != user && ::setresuid(user, user, user) != 0) throw SetupFailure{stage::kIdMap, errno, ""};
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) throw SetupFailure{stage::kLimits, errno, "capabilities"};
}

namespace {

void enter_copied_root() {
  if (::chroot("root") != 0 || ::chdir("/") != 0) throw SetupFailure{stage::kPivot, errno, ""};
}

/// A user namespace has mapped the caller's ids to the job's already; without one they are taken. Those of the user
/// come last (drop_capabilities). L3 has nobody else to be.
uid_t take_groups(const HelperJob& helper_job) {
  const SandboxJob& job = helper_job.job;
  if (helper_job.level == SandboxLevel::L3) return ::geteuid();
  const bool is_mapped = has_namespaces(helper_job) && ::geteuid() == job.user && ::getegid() == job.group;
  if (!is_mapped && (::setgroups(0, nullptr) != 0 || ::setresgid(job.group, job.group, job.group) != 0)) {
    throw SetupFailure{stage::kIdMap, errno, ""};
  }
  return job.user;
}

std::string temporary_of(const HelperJob& job) { return (job.directory / "root").string(); }

LandlockRules rules_for(const HelperJob& job) {
  if (job.level != SandboxLevel::L3) return {{}, {"/"}};
  LandlockRules rules{own_programs(), {temporary_of(job)}};
  for (const SandboxMount& mount : job.job.mounts) {
    (mount.writable ? rules.writable : rules.readable).push_back(mount.host.string());
  }
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
    rules.writable.emplace_back(device);
  }
  return rules;
}

SystemCallRules system_call_rules(const HelperJob& job) {
  const bool scoped = landlock_version() >= kLandlockScopes;
  SystemCallRules rules;
  rules.own_processes = has_namespaces(job);
  rules.internet = has_namespaces(job) || job.job.network;
  rules.unix_sockets = scoped || (has_namespaces(job) && !job.job.network);
  if (!job.job.changes.empty()) rules.kept_owner = {job.job.user, job.job.group};
  return rules;
}

}  // namespace

void become_payload(const HelperJob& helper_job) {
  const SandboxJob& job = helper_job.job;
  ::setsid();
  if (helper_job.level == SandboxLevel::L2) enter_copied_root();
  ::umask(022);
  reset_signals();
  if (::chdir(job.working_directory.c_str()) != 0) {
    throw SetupFailure{stage::kDirectory, errno, job.working_directory.string()};
  }
  set_limits(job);
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) throw SetupFailure{stage::kLimits, errno, "descriptors"};
  drop_capabilities(take_groups(helper_job));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw SetupFailure{stage::kLimits, errno, "no_new_privs"};
  if (helper_job.level == SandboxLevel::L3 && landlock_version() < kLandlockUsable) {
    throw SetupFailure{stage::kLandlock, ENOSYS, ""};
  }
  if (const int error = enter_landlock(rules_for(helper_job))) throw SetupFailure{stage::kLandlock, error, ""};
  if (const int error = load_system_call_filter(system_call_rules(helper_job))) {
    throw SetupFailure{stage::kLimits, error, "system calls"};
  }
  if (helper_job.probe) ::_exit(0);
  execute(helper_job);
}

}  // namespace mlbuild
