#include "traced_calls.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <vector>

namespace crash {
namespace {

// c: change, s: space, d: disk, h: handle, w: wait, W: write, R: read.
constexpr Call kCalls[] = {
    {"openat", SYS_openat, Names::PathAt, 0, "csdhw"},
    {"write", SYS_write, Names::Descriptor, 0, "csdwW"},
    {"pwrite64", SYS_pwrite64, Names::Descriptor, 0, "csdwW"},
    {"writev", SYS_writev, Names::Descriptor, 0, "csdw"},
    {"sendto", SYS_sendto, Names::Nothing, 0, "wW"},
    {"sendmsg", SYS_sendmsg, Names::Nothing, 0, "w"},
    {"copy_file_range", SYS_copy_file_range, Names::Descriptor, 2, "csd"},
    {"sendfile", SYS_sendfile, Names::Descriptor, 0, "csdw"},
    {"ftruncate", SYS_ftruncate, Names::Descriptor, 0, "csd"},
    {"fallocate", SYS_fallocate, Names::Descriptor, 0, "csd"},
    {"fsync", SYS_fsync, Names::Descriptor, 0, "csd"},
    {"fdatasync", SYS_fdatasync, Names::Descriptor, 0, "csd"},
    {"syncfs", SYS_syncfs, Names::Descriptor, 0, "csd"},
    {"fchmod", SYS_fchmod, Names::Descriptor, 0, "cd"},
    {"fchmodat", SYS_fchmodat, Names::PathAt, 0, "cd"},
    {"utimensat", SYS_utimensat, Names::PathAt, 0, "cd"},
    {"mkdirat", SYS_mkdirat, Names::PathAt, 0, "csd"},
    {"unlinkat", SYS_unlinkat, Names::PathAt, 0, "cd"},
    {"symlinkat", SYS_symlinkat, Names::PathAt, 1, "csd"},
    {"linkat", SYS_linkat, Names::TwoPathsAt, 0, "csd"},
    {"renameat2", SYS_renameat2, Names::TwoPathsAt, 0, "csd"},
#ifdef SYS_rename  // what newer architectures have in the form with -at only
    {"rename", SYS_rename, Names::TwoPaths, 0, "csd"},
    {"renameat", SYS_renameat, Names::TwoPathsAt, 0, "csd"},
    {"mkdir", SYS_mkdir, Names::Path, 0, "csd"},
    {"rmdir", SYS_rmdir, Names::Path, 0, "cd"},
    {"unlink", SYS_unlink, Names::Path, 0, "cd"},
    {"link", SYS_link, Names::TwoPaths, 0, "csd"},
    {"symlink", SYS_symlink, Names::Path, 1, "csd"},
    {"chmod", SYS_chmod, Names::Path, 0, "cd"},
    {"readlink", SYS_readlink, Names::Path, 0, "d"},
    {"access", SYS_access, Names::Path, 0, "d"},
    {"poll", SYS_poll, Names::Nothing, 0, "w"},
    {"epoll_wait", SYS_epoll_wait, Names::Nothing, 0, "w"},
#endif
    {"read", SYS_read, Names::Descriptor, 0, "dwR"},
    {"pread64", SYS_pread64, Names::Descriptor, 0, "dwR"},
    {"recvfrom", SYS_recvfrom, Names::Nothing, 0, "wR"},
    {"recvmsg", SYS_recvmsg, Names::Nothing, 0, "w"},
    {"newfstatat", SYS_newfstatat, Names::PathAt, 0, "d"},
    {"fstat", SYS_fstat, Names::Descriptor, 0, "d"},
    {"statx", SYS_statx, Names::PathAt, 0, "d"},
    {"faccessat2", SYS_faccessat2, Names::PathAt, 0, "d"},
    {"readlinkat", SYS_readlinkat, Names::PathAt, 0, "d"},
    {"getdents64", SYS_getdents64, Names::Descriptor, 0, "d"},
    {"close", SYS_close, Names::Descriptor, 0, "d"},
    {"mmap", SYS_mmap, Names::Descriptor, 4, ""},
    {"flock", SYS_flock, Names::Descriptor, 0, "w"},
    {"ppoll", SYS_ppoll, Names::Nothing, 0, "w"},
    {"epoll_pwait", SYS_epoll_pwait, Names::Nothing, 0, "w"},
    {"connect", SYS_connect, Names::Nothing, 0, "w"},
    {"wait4", SYS_wait4, Names::Nothing, 0, "w"},
    {"waitid", SYS_waitid, Names::Nothing, 0, "w"},
    {"socket", SYS_socket, Names::Nothing, 0, "h"},
    {"socketpair", SYS_socketpair, Names::Nothing, 0, "h"},
    {"pipe2", SYS_pipe2, Names::Nothing, 0, "h"},
    {"dup", SYS_dup, Names::Nothing, 0, "h"},
    {"dup3", SYS_dup3, Names::Nothing, 0, "h"},
    {"epoll_create1", SYS_epoll_create1, Names::Nothing, 0, "h"},
    {"eventfd2", SYS_eventfd2, Names::Nothing, 0, "h"},
    {"memfd_create", SYS_memfd_create, Names::Nothing, 0, "h"},
};

struct ClassLetter {
  const char* name;
  char letter;
};
constexpr ClassLetter kClasses[] = {{"change", 'c'}, {"space", 's'}, {"disk", 'd'}, {"handle", 'h'},
                                    {"wait", 'w'},   {"write", 'W'}, {"read", 'R'}};

std::string link_target(const std::string& link) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(link.c_str(), target, sizeof target);
  return length < 0 ? "?" : std::string(target, static_cast<std::size_t>(length));
}

std::string text_at(pid_t process, std::uint64_t address) {
  char text[PATH_MAX] = {};
  // Up to the end of the page first: the next one may not be there.
  std::size_t wanted = 4096 - address % 4096;
  std::size_t have = 0;
  while (have < sizeof text - 1) {
    wanted = wanted < sizeof text - 1 - have ? wanted : sizeof text - 1 - have;
    iovec here{text + have, wanted};
    iovec there{reinterpret_cast<void*>(address + have), wanted};
    const ssize_t count = ::process_vm_readv(process, &here, 1, &there, 1, 0);
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
    if (std::memchr(text, 0, have) != nullptr) break;
    wanted = 4096;
  }
  return text;
}

std::string descriptor_path(pid_t process, std::uint64_t raw) {
  return link_target("/proc/" + std::to_string(process) + "/fd/" + std::to_string(static_cast<int>(raw)));
}

std::string joined(const std::string& directory, const std::string& path) {
  if (path.empty()) return directory;
  return path.front() == '/' ? path : directory + "/" + path;
}

std::string path_from(pid_t process, std::uint64_t path) {
  return joined(link_target("/proc/" + std::to_string(process) + "/cwd"), text_at(process, path));
}

std::string path_at(pid_t process, std::uint64_t directory, std::uint64_t path) {
  if (static_cast<int>(directory) == AT_FDCWD) return path_from(process, path);
  const std::string text = path == 0 ? "" : text_at(process, path);
  return !text.empty() && text.front() == '/' ? text : joined(descriptor_path(process, directory), text);
}

bool creates(const std::uint64_t arguments[6]) { return (arguments[2] & (O_CREAT | O_TRUNC)) != 0; }

}  // namespace

const Call* find_call(std::uint64_t number) {
  for (const Call& call : kCalls) {
    if (static_cast<std::uint64_t>(call.number) == number) return &call;
  }
  return nullptr;
}

bool in_class(const std::string& wanted, std::uint64_t number, const std::uint64_t arguments[6]) {
  if (wanted == "all") return true;
  const Call* call = find_call(number);
  if (call == nullptr) return false;
  for (const ClassLetter& known : kClasses) {
    if (wanted != known.name) continue;
    const bool only_looks = number == SYS_openat && (known.letter == 'c' || known.letter == 's') && !creates(arguments);
    return std::strchr(call->classes, known.letter) != nullptr && !only_looks;
  }
  return wanted == call->name;
}

std::string files_of(pid_t process, const Call& call, const std::uint64_t arguments[6]) {
  const std::uint64_t* from = arguments + call.first;
  switch (call.names) {
    case Names::Nothing:
      return "";
    case Names::Descriptor:
      return "\t" + descriptor_path(process, from[0]);
    case Names::Path:
      return "\t" + path_from(process, from[0]);
    case Names::PathAt:
      return "\t" + path_at(process, from[0], from[1]);
    case Names::TwoPaths:
      return "\t" + path_from(process, from[0]) + "\t" + path_from(process, from[1]);
    case Names::TwoPathsAt:
      return "\t" + path_at(process, from[0], from[1]) + "\t" + path_at(process, from[2], from[3]);
  }
  return "";
}

}  // namespace crash
