#include "probe_root.hpp"

#include "mlbuild/sandbox/sandbox.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

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

}  // namespace

const mlbuild::Fd& mlbuild::probe_program() { return probe; }

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "__sandbox") == 0) return mlbuild::sandbox_helper_main();
  ::testing::InitGoogleTest(&argc, argv);
  probe = mlbuild::open_read(MLBUILD_SANDBOX_PROBE);
  become_user();
  return RUN_ALL_TESTS();
}
