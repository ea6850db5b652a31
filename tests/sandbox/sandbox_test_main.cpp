#include "probe_root.hpp"

#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr int kSkipped = 77;  // to ctest

mlbuild::Fd probe;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): set once, before any test

/// Started by root with MLBUILD_TEST_AS_USER=<uid>: the same tests as an ordinary user.
void become_user() {
  const char* wanted = std::getenv("MLBUILD_TEST_AS_USER");
  if (wanted == nullptr || ::getuid() != 0) return;
  const auto id = static_cast<uid_t>(std::stoul(wanted));
  if (::setgroups(0, nullptr) != 0 || ::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) std::abort();
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // else /proc/self belongs to root, and the helper is started through it
  if (::chdir("/") != 0) std::abort();
}

void enter_chroot(const char* root) {
  const bool entered = ::unshare(CLONE_NEWNS) == 0 && ::mount(root, root, nullptr, MS_BIND, nullptr) == 0 &&
                       ::mount(nullptr, root, nullptr, MS_PRIVATE, nullptr) == 0 &&
                       ::mount("/", root, nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
                       ::mount(nullptr, root, nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 && ::chroot(root) == 0 &&
                       ::chdir("/") == 0;
  if (!entered) std::abort();
}

/// The same tests below a chroot that shows the same files. Only root can do that: others get ctest's skip code.
int run_tests_in_chroot() {
  if (::getuid() != 0) return kSkipped;
  const mlbuild::TempDir root({}, "chroot-");
  const pid_t child = ::fork();
  if (child == 0) {
    enter_chroot(root.path().c_str());
    std::exit(RUN_ALL_TESTS());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

const mlbuild::Fd& mlbuild::probe_program() { return probe; }

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "__sandbox") == 0) return mlbuild::sandbox_helper_main();
  ::testing::InitGoogleTest(&argc, argv);
  if (std::getenv("MLBUILD_TEST_NEEDS_ROOT") != nullptr && ::getuid() != 0) return kSkipped;
  probe = mlbuild::open_read(MLBUILD_SANDBOX_PROBE);
  become_user();
  return std::getenv("MLBUILD_TEST_IN_CHROOT") == nullptr ? RUN_ALL_TESTS() : run_tests_in_chroot();
}
