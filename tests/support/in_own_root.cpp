// in_own_root COMMAND...: starts the command where it may make user namespaces even as another user. Below a chroot
// nobody but root may, so root makes the chroot's directory the root mount of a mount namespace first.
#include "../../src/sandbox/own_root.hpp"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace {

bool gets_user_namespaces() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::filesystem::path here = std::filesystem::current_path();
  if (!gets_user_namespaces() && !mlbuild::make_root_a_mount()) std::perror("in_own_root");
  std::filesystem::current_path(here);
  ::execvp(argv[1], argv + 1);
  std::perror(argv[1]);
  return 127;
}
