// without_user_namespaces [--user] COMMAND...: starts the command where user.max_user_namespaces is 0, in a user
// namespace of its own, so that the machine is not touched: as that namespace's root, or as an ordinary user.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(126);
}

void write_file(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail(path);
  ::close(fd);
}

void drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) fail("capabilities");
}

}  // namespace

int main(int argc, char** argv) {
  const bool as_user = argc > 1 && std::strcmp(argv[1], "--user") == 0;
  const int command = as_user ? 2 : 1;
  if (argc <= command) return 2;
  constexpr unsigned kOrdinary = 1000;
  const unsigned inside = as_user ? kOrdinary : 0;
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER) != 0) fail("user namespace");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", std::to_string(inside) + " " + std::to_string(user) + " 1");
  write_file("/proc/self/gid_map", std::to_string(inside) + " " + std::to_string(group) + " 1");
  write_file("/proc/sys/user/max_user_namespaces", "0");
  if (as_user) drop_capabilities();
  ::execvp(argv[command], argv + command);
  fail(argv[command]);
}
