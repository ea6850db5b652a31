// Ways out of the sandbox, tried from inside, and what is left after each: docs/sandbox.md, "What it cannot do" and
// "The end of a run".
#include "leftovers.hpp"
#include "probe_root.hpp"

#include "mlbuild/sys/disk_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using End = SandboxOutcome::End;
using ::testing::IsEmpty;

class Escape : public ::testing::Test {
 protected:
  Escape() { std::ofstream(probe.path() / "secret") << "of the host\n"; }
  void TearDown() override {
    EXPECT_THAT(processes_with(mark()), IsEmpty());
    EXPECT_THAT(mounts_below(probe.path()), IsEmpty());
    EXPECT_THAT(groups_of(::getpid()), IsEmpty());
    if (fs::exists(probe.path() / "scratch")) {
      EXPECT_TRUE(fs::is_empty(probe.path() / "scratch"));
    }
  }
  /// In the environment of every process of these runs.
  std::string mark() const { return "MARK=" + probe.path().string(); }
  SandboxJob job(std::initializer_list<std::string> words) const {
    SandboxJob job = probe.job(words);
    job.env["MARK"] = probe.path().string();
    return job;
  }
  std::string said(std::initializer_list<std::string> words) { return probe.said(job(words)); }
  std::string secret() const { return (probe.path() / "secret").string(); }

  ProbeRoot probe;
};

TEST_F(Escape, FilesOfTheHostAreNowhere) {
  EXPECT_EQ(said({"print", secret()}), "ENOENT");
  EXPECT_EQ(said({"attack", "climb", secret()}), "nowhere");
  EXPECT_EQ(said({"attack", "search", secret()}), "nowhere");
}

TEST_F(Escape, WritingOutsideHitsTheThrowAwayRoot) {
  const std::string up = "/../../../../../../../../" + secret();
  EXPECT_EQ(said({"write", up}), "ENOENT");
  EXPECT_EQ(said({"write", "/proc/self/root/../../../x"}), "ok");
  EXPECT_EQ(read_text_file(secret()), "of the host\n");
  EXPECT_FALSE(fs::exists(probe.root() / "x"));
}

/// User 0 inside is user 0 outside when root runs this, and many files of /proc ask for no more than their owner.
TEST_F(Escape, SettingsOfTheKernelAreReadOnly) { EXPECT_EQ(said({"attack", "settings"}), ""); }

TEST_F(Escape, EnvironmentOfTheHostIsNowhere) {
  ::setenv("HOST_SECRET", "1", 1);
  EXPECT_EQ(said({"environment"}), mark());
  EXPECT_EQ(said({"print", "/proc/1/environ"}), "EACCES");
  ::unsetenv("HOST_SECRET");
}

TEST_F(Escape, InternetProtocolVersion6IsOff) {
  EXPECT_EQ(said({"attack", "connect6", "2001:db8::1", "80"}), "ENETUNREACH");
  EXPECT_THAT(said({"attack", "connect6", "::1", "1"}), ::testing::AnyOf("ECONNREFUSED", "EADDRNOTAVAIL"));
}

/// Somebody on the host listens under an abstract name.
class AbstractListener {
 public:
  explicit AbstractListener(std::string name) : name_(std::move(name)), socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
  }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  Fd socket_;
};

TEST_F(Escape, AbstractSocketsOfTheHostAreOutOfReachWithAndWithoutItsNetwork) {
  const AbstractListener listener("mlbuild-test-" + std::to_string(::getpid()));
  SandboxJob connect = job({"attack", "abstract", listener.name()});
  EXPECT_EQ(probe.said(connect), "ECONNREFUSED");
  connect.network = true;
  EXPECT_THAT(probe.said(connect), ::testing::AnyOf("EPERM", "EAFNOSUPPORT", "EBADF"));
}

TEST_F(Escape, MountsAndNamespacesAreRefused) {
  for (const char* name : {"mount", "umount", "remount", "pivot_root", "chroot", "fsopen", "open_tree", "move_mount",
                           "mount_setattr", "unshare", "setns", "clone-newuser", "clone-newns", "clone-newpid",
                           "clone-newnet", "clone-newipc", "clone-newuts", "clone-newcgroup"}) {
    EXPECT_EQ(said({"call", name}), "EPERM") << name;
  }
}

TEST_F(Escape, OtherProcessesAndKeyringsAreRefused) {
  for (const char* name :
       {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "keyctl", "add_key", "request_key"}) {
    EXPECT_EQ(said({"call", name}), "EPERM") << name;
  }
}

TEST_F(Escape, ProcGivesNothingAway) {
  for (const char* path : {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger",
                           "/proc/sys/fs/binfmt_misc/register"}) {
    EXPECT_THAT(said({"write", path}), ::testing::AnyOf("EROFS", "ENOENT", "EACCES")) << path;
  }
  for (const char* path : {"/proc/1/mem", "/proc/1/exe", "/proc/self/uid_map", "/proc/self/setgroups"}) {
    EXPECT_THAT(said({"write", path}), ::testing::AnyOf("EACCES", "EPERM")) << path;
  }
  for (const char* path : {"/proc/kcore", "/proc/keys", "/proc/kallsyms"}) {
    EXPECT_THAT(said({"print", path}), ::testing::AnyOf("", "ENOENT")) << path;
  }
}

TEST_F(Escape, SignalsStayInside) {
  const std::string us = std::to_string(::getpid());
  EXPECT_THAT(said({"attack", "kill", us, "9"}), ::testing::AnyOf("ESRCH", "EPERM"));
  EXPECT_THAT(said({"attack", "kill", "1", "9"}), ::testing::AnyOf("ok", "EPERM"));  // pid 1 cannot be killed by it
  EXPECT_THAT(said({"attack", "kill", "-1", "15"}), ::testing::AnyOf("ok", "ESRCH", "EPERM", ""));
}

TEST_F(Escape, ForeignAbisAreKilled) {
  const SandboxOutcome outcome = probe.run(job({"attack", "x32"}));
  EXPECT_EQ(outcome.end, End::Signaled);
  EXPECT_EQ(outcome.code, SIGSYS);
}

TEST_F(Escape, ForkBombsEndAtTheDeadline) {
  for (const char* kind : {"bomb", "scatter"}) {
    SandboxJob forks = job({"attack", kind});
    forks.process_limit = 64;
    forks.deadline = std::chrono::seconds(1);
    const SandboxOutcome outcome = probe.run(forks);
    EXPECT_TRUE(outcome.end == End::DeadlinePassed || outcome.end == End::Exited) << kind;
  }
}

TEST_F(Escape, MemoryIsLimitedInProcessesAndInTheirFiles) {
  SandboxJob eater = job({"memory", std::to_string(512L << 20)});
  eater.memory_limit_bytes = 64U << 20U;
  EXPECT_EQ(probe.run(eater).end, End::MemoryExceeded);
  SandboxJob hider = job({"attack", "fill-memory-file", std::to_string(512L << 20)});
  hider.memory_limit_bytes = 64U << 20U;
  EXPECT_EQ(probe.run(hider).end, End::MemoryExceeded);
  SandboxJob filler = job({"fill", "/tmp/big", std::to_string(512L << 20)});
  filler.memory_limit_bytes = 64U << 20U;
  const SandboxOutcome outcome = probe.run(filler);
  EXPECT_TRUE(outcome.end == End::MemoryExceeded || outcome.out == "ENOSPC\n") << outcome.out;
}

TEST_F(Escape, TheDiskIsLimitedWhateverIsDoneToHideIt) {
  for (const auto& words : {std::initializer_list<std::string>{"attack", "fill-many", "/big", "600000000"},
                            std::initializer_list<std::string>{"attack", "fill-deleted", "/big", "600000000"},
                            std::initializer_list<std::string>{"attack", "fill-deep", "big", "600000000"},
                            std::initializer_list<std::string>{"attack", "fill-locked", "big", "600000000", "0300"}}) {
    SandboxJob filler = job(words);
    filler.disk_limit_bytes = 32U << 20U;
    const SandboxOutcome outcome = probe.run(filler);
    EXPECT_TRUE(outcome.end == End::DiskExceeded || outcome.code == SIGXFSZ) << *(words.begin() + 1) << outcome.out;
  }
}

TEST_F(Escape, TheDiskIsLimitedInMountsThatCount) {
  fs::create_directory(probe.path() / "shared");
  for (const auto& words : {std::initializer_list<std::string>{"attack", "fill-many", "/shared/big", "600000000"},
                            std::initializer_list<std::string>{"attack", "fill-deleted", "/shared/big", "600000000"}}) {
    SandboxJob filler = job(words);
    filler.mounts = {{.host = probe.path() / "shared", .inside = "/shared", .writable = true, .counted = true}};
    filler.disk_limit_bytes = 32U << 20U;
    const SandboxOutcome outcome = probe.run(filler);
    EXPECT_TRUE(outcome.end == End::DiskExceeded || outcome.code == SIGXFSZ) << *(words.begin() + 1) << outcome.out;
  }
}

TEST_F(Escape, LockedDirectoriesAreRemoved) { EXPECT_EQ(said({"attack", "lock"}), "ok"); }

TEST_F(Escape, WhoIgnoresTheQuestionIsKilled) {
  SandboxJob stubborn = job({"ignore-term"});
  stubborn.deadline = std::chrono::seconds(1);
  EXPECT_EQ(probe.run(stubborn).end, End::DeadlinePassed);
}

TEST_F(Escape, DaemonsEndWithTheCommand) { EXPECT_TRUE(probe.run(job({"daemon", "/tmp/alive"})).ok()); }

/// Kills a program (this one, forked) that runs the job in a sandbox, once the job is seen on the host. What it was.
pid_t kill_program_that_runs(const std::function<void()>& run, const std::string& mark) {
  const pid_t program = ::fork();
  if (program == 0) {
    run();
    ::_exit(0);
  }
  for (int i = 0; i < 500 && processes_with(mark).empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_THAT(processes_with(mark), ::testing::Not(IsEmpty()));
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  return program;
}

TEST_F(Escape, NothingOutlivesAProgramThatIsKilled) {
  for (const char* word : {"ignore-term", "goodbye"}) {
    const pid_t program = kill_program_that_runs([&] { probe.run(job({word})); }, mark());
    const auto is_over = [&] {
      return processes_with(mark()).empty() && fs::is_empty(probe.path() / "scratch") && groups_of(program).empty();
    };
    for (int i = 0; i < 300 && !is_over(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(is_over()) << word;
  }
}

}  // namespace
}  // namespace mlbuild
