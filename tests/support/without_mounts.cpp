// without_mounts COMMAND...: starts the command as root where a filter allows mount namespaces, but neither mounts nor
// user namespaces (systemd's RestrictNamespaces=~user with SystemCallFilter=~@mount). /root is read-only below it: it
// is what mlbuild would change if it lost its working directory. The root directory is a chroot, /mnt, that shows the
// same files.
#include "../../src/sandbox/own_root.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace {

constexpr int kSkipped = 77;  // to ctest

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(126);
}

/// The root directory becomes the root of a mount namespace of our own, so that nobody below gets out of it.
bool guard_home() {
  constexpr const char* kHome = "/root";
  return mlbuild::make_root_a_mount() && ::mount(kHome, kHome, nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
         ::mount(nullptr, kHome, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
}

bool enter_chroot() {
  constexpr const char* kPlace = "/mnt";
  return ::mount("/", kPlace, nullptr, MS_BIND | MS_REC, nullptr) == 0 && ::chroot(kPlace) == 0;
}

bool load_filter() {
  const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  bool ok = filter != nullptr;
  for (const char* name : {"mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
                           "fspick", "mount_setattr"}) {
    const int number = ::seccomp_syscall_resolve_name(name);
    ok = ok && (number < 0 || ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0) == 0);
  }
  for (const int call : {SCMP_SYS(clone), SCMP_SYS(unshare)}) {
    ok = ok && ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)) == 0;
  }
  ok = ok && ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
  return ok && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::seccomp_load(filter) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (::geteuid() != 0) return kSkipped;
  const std::filesystem::path here = std::filesystem::current_path();
  if (!guard_home()) fail("/root");
  if (!enter_chroot()) fail("chroot");
  std::filesystem::current_path(here);
  if (!load_filter()) fail("filter");
  ::execvp(argv[1], argv + 1);
  fail(argv[1]);
}
