#include "system_call_filter.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <initializer_list>

// A list of what is refused, not of what is allowed: compilers, interpreters and build tools of any year run here, and
// the namespaces and the lack of capabilities are the wall. The filter takes away kernel surface that a build never
// needs (and that has a history of holes), and what would make namespaces again inside ours.
//
// Programs of a foreign ABI (32-bit, x32) are killed: their system call numbers differ, and a second table would be a
// second chance to forget one (their sockets go through socketcall, whose arguments no filter can see).

namespace mlbuild {
namespace {

constexpr const char* kRefused[] = {
    // mounts and namespaces
    "mount", "umount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "name_to_handle_at", "open_by_handle_at",
    // other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    // kernel surface that no build needs
    "keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd", "fanotify_init", "lookup_dcookie",
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module", "query_module",
    // the machine itself
    "reboot", "swapon", "swapoff", "syslog", "acct", "quotactl", "quotactl_fd", "settimeofday", "clock_settime",
    "adjtimex", "clock_adjtime", "sethostname", "setdomainname", "iopl", "ioperm", "vhangup", "nfsservctl", "uselib"};

// Missing, not forbidden: libraries then fall back. clone3 and openat2 pass flags by pointer, which a filter cannot
// read.
constexpr const char* kMissing[] = {"clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register"};

/// A system call that gives a file to somebody, and where it says to whom.
struct ChangeOwner {
  const char* name;
  unsigned user_argument;
};
constexpr ChangeOwner kChangeOwner[] = {{"chown", 1}, {"fchown", 1}, {"lchown", 1}, {"fchownat", 2}};

constexpr scmp_datum_t kNewNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET;
constexpr scmp_datum_t kSetIds[] = {S_ISUID, S_ISGID};
// Also one that gets its name later, by a link: __O_TMPFILE, which is never given without O_DIRECTORY.
constexpr scmp_datum_t kMakesFile[] = {O_CREAT, O_TMPFILE & ~O_DIRECTORY};
constexpr int kFchmodat2 = 452;  // on all architectures; libseccomp knows the name since 2.5.5

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_ALLOW)) {
    if (context_ == nullptr) error_ = ENOMEM;
  }
  ~Filter() {
    if (context_ != nullptr) ::seccomp_release(context_);
  }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  /// `conditions` must all hold. Names that this architecture does not have are skipped.
  void answer(const char* name, int error_number, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number >= 0) answer(number, error_number, conditions);
  }

  void answer(int number, int error_number, std::initializer_list<scmp_arg_cmp> conditions) {
    if (error_ != 0) return;
    const int result = ::seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(static_cast<unsigned>(error_number)), number,
                                                static_cast<unsigned>(conditions.size()), conditions.begin());
    if (result != 0) error_ = -result;
  }

  int load() {
    if (error_ == 0) error_ = -::seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree instead of a chain
    // The whole process: a thread that vanishes would leave the others waiting for it.
    if (error_ == 0) error_ = -::seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (error_ == 0) error_ = -::seccomp_load(context_);
    return error_;
  }

 private:
  scmp_filter_ctx context_;
  int error_ = 0;
};

scmp_arg_cmp has_bits(unsigned argument, scmp_datum_t bits) {
  return SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, bits, bits);
}

void refuse_namespaces(Filter& filter) {
  for (scmp_datum_t bit = 1; bit != 0 && bit <= kNewNamespaces; bit <<= 1U) {
    if ((kNewNamespaces & bit) != 0) filter.answer("clone", EPERM, {has_bits(0, bit)});
  }
}

/// A set-id file in a writable mount would be one on the host, owned by the caller.
void refuse_set_id_files(Filter& filter) {
  for (const scmp_datum_t bit : kSetIds) {
    filter.answer("chmod", EPERM, {has_bits(1, bit)});
    filter.answer("fchmod", EPERM, {has_bits(1, bit)});
    filter.answer("fchmodat", EPERM, {has_bits(2, bit)});
    filter.answer(kFchmodat2, EPERM, {has_bits(2, bit)});
    filter.answer("creat", EPERM, {has_bits(1, bit)});
    for (const scmp_datum_t makes_file : kMakesFile) {
      filter.answer("open", EPERM, {has_bits(1, makes_file), has_bits(2, bit)});
      filter.answer("openat", EPERM, {has_bits(2, makes_file), has_bits(3, bit)});
    }
    filter.answer("mknod", EPERM, {has_bits(1, bit)});
    filter.answer("mknodat", EPERM, {has_bits(2, bit)});
  }
}

/// Unix, IPv4, IPv6 and netlink remain at most (AF_VSOCK, AF_ALG, AF_PACKET... have nothing to do here). socketpair is
/// not affected.
void refuse_sockets(Filter& filter, const SystemCallRules& rules) {
  for (int family = AF_UNSPEC; family <= AF_NETLINK; ++family) {
    const bool plain = family == AF_UNIX
                           ? rules.unix_sockets
                           : rules.internet && (family == AF_INET || family == AF_INET6 || family == AF_NETLINK);
    if (!plain) filter.answer("socket", EAFNOSUPPORT, {SCMP_CMP32(0, SCMP_CMP_EQ, static_cast<unsigned>(family))});
  }
  filter.answer("socket", EAFNOSUPPORT, {SCMP_CMP32(0, SCMP_CMP_GT, AF_NETLINK)});
}

/// In a user namespace with one id any other owner is EINVAL; archivers and install(1) treat that as fatal. Where
/// owners mean nothing the answer is "done"; where they would be part of a layer, only to what is so anyway, and the
/// kernel refuses the rest: a wrong owner must not be a silent one.
void answer_owners(Filter& filter, const std::optional<FileOwner>& kept) {
  constexpr scmp_datum_t kSame = 0xFFFFFFFF;
  for (const ChangeOwner& call : kChangeOwner) {
    if (!kept) {
      filter.answer(call.name, 0);
      continue;
    }
    for (const scmp_datum_t user : {scmp_datum_t{kept->user}, kSame}) {
      for (const scmp_datum_t group : {scmp_datum_t{kept->group}, kSame}) {
        filter.answer(call.name, 0,
                      {SCMP_CMP32(call.user_argument, SCMP_CMP_EQ, static_cast<unsigned>(user)),
                       SCMP_CMP32(call.user_argument + 1, SCMP_CMP_EQ, static_cast<unsigned>(group))});
      }
    }
  }
}

}  // namespace

int load_system_call_filter(const SystemCallRules& rules) {
  Filter filter;
  for (const char* name : kRefused) filter.answer(name, EPERM);
  for (const char* name : kMissing) filter.answer(name, ENOSYS);
  answer_owners(filter, rules.kept_owner);
  refuse_namespaces(filter);
  refuse_set_id_files(filter);
  refuse_sockets(filter, rules);
  if (!rules.own_processes) filter.answer("kill", EPERM, {SCMP_CMP32(0, SCMP_CMP_EQ, static_cast<unsigned>(-1))});
  for (const unsigned request : {static_cast<unsigned>(TIOCSTI), static_cast<unsigned>(TIOCLINUX)}) {
    filter.answer("ioctl", EPERM, {SCMP_CMP32(1, SCMP_CMP_EQ, request)});  // typing into a terminal (CVE-2017-5226)
  }
  return filter.load();
}

}  // namespace mlbuild
