// like_docker COMMAND...: starts the command as docker starts one by default: its capabilities, and a system call
// filter that answers as the default profile does. clone3 does not exist (a filter cannot read its argument),
// namespaces and mounts are not permitted, chroot is. `like_docker --user N COMMAND...`: as this user, without
// capabilities.
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

constexpr int kKept[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FSETID,  CAP_FOWNER,           CAP_MKNOD,      CAP_NET_RAW, CAP_SETGID,
    CAP_SETUID, CAP_SETFCAP,      CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL,    CAP_AUDIT_WRITE};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(126);
}

bool keep_default_capabilities() {
  __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {};
  for (const int capability : kKept) {
    __user_cap_data_struct& word = kept[capability / 32];
    word.permitted = word.effective |= 1U << (static_cast<unsigned>(capability) % 32U);
  }
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    const bool is_kept = (kept[capability / 32].effective >> (static_cast<unsigned>(capability) % 32U) & 1U) != 0;
    if (!is_kept && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capset, &header, kept) == 0;
}

bool load_filter() {
  constexpr scmp_datum_t kNamespaces = 0x7E020000;  // as the profile masks clone's flags
  const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  bool ok = filter != nullptr;
  for (const char* name : {"unshare", "setns", "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen",
                           "fsconfig", "fsmount", "fspick", "mount_setattr", "bpf", "perf_event_open"}) {
    const int number = ::seccomp_syscall_resolve_name(name);
    ok = ok && (number < 0 || ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0) == 0);
  }
  for (scmp_datum_t bit = 1; bit <= kNamespaces; bit <<= 1U) {
    if ((kNamespaces & bit) == 0) continue;
    ok = ok && ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit)) == 0;
  }
  ok = ok && ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
  return ok && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::seccomp_load(filter) == 0;
}

bool become(uid_t user) {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(user, user, user) == 0 && ::setresuid(user, user, user) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  int command = 1;
  const bool as_user = argc > 3 && std::strcmp(argv[1], "--user") == 0;
  if (as_user) command = 3;
  if (argc <= command) return 2;
  if (as_user && !become(static_cast<uid_t>(std::atoi(argv[2])))) fail("user");
  if (!as_user && ::geteuid() == 0 && !keep_default_capabilities()) fail("capabilities");
  if (!load_filter()) fail("filter");
  ::execvp(argv[command], argv + command);
  fail(argv[command]);
}
