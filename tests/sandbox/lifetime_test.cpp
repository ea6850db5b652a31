// How a run ends, and what is left: docs/sandbox.md, "Limits" and "The end of a run".
#include "../../src/sandbox/helper_job.hpp"
#include "leftovers.hpp"
#include "probe_root.hpp"

#include "mlbuild/sys/disk_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using End = SandboxOutcome::End;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Lifetime : public ::testing::Test {
 protected:
  Lifetime() { fs::create_directory(probe.path() / "shared"); }

  /// A job that leaves a daemon which grows shared/alive for as long as it lives.
  SandboxJob daemon_job() const {
    SandboxJob job = probe.job({"daemon", "/shared/alive"});
    job.mounts = {{probe.path() / "shared", "/shared", true}};
    return job;
  }
  std::uintmax_t heartbeats() const {
    std::error_code missing;
    const std::uintmax_t size = fs::file_size(probe.path() / "shared/alive", missing);
    return missing ? 0 : size;
  }
  bool heart_beats() const {
    const std::uintmax_t before = heartbeats();
    std::this_thread::sleep_for(milliseconds(200));
    return heartbeats() != before;
  }

  ProbeRoot probe;
};

TEST_F(Lifetime, ReportsExitStatusAndSignal) {
  EXPECT_TRUE(probe.run({"exit", "0"}).ok());
  const SandboxOutcome exited = probe.run({"exit", "7"});
  EXPECT_EQ(exited.end, End::Exited);
  EXPECT_EQ(exited.code, 7);
  const SandboxOutcome signaled = probe.run({"signal", "11"});
  EXPECT_EQ(signaled.end, End::Signaled);
  EXPECT_EQ(signaled.code, SIGSEGV);
}

TEST_F(Lifetime, SaysWhyAProgramCannotStart) {
  SandboxJob job = probe.job({});
  job.argv = {"/bin/missing"};
  try {
    probe.run(job);
    FAIL() << "started";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Step);
    EXPECT_THAT(error.message(), HasSubstr("start `/bin/missing`: No such file"));
  }
}

TEST_F(Lifetime, SaysWhenTheWorkingDirectoryIsAFile) {
  SandboxJob job = probe.job({"exit", "0"});
  job.working_directory = "/bin/probe";
  try {
    probe.run(job);
    FAIL() << "started";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("enter the working directory `/bin/probe`: Not a directory"));
  }
}

TEST_F(Lifetime, AsksFirstAtTheDeadline) {
  SandboxJob job = probe.job({"goodbye"});
  job.deadline = seconds(1);
  const SandboxOutcome outcome = probe.run(job);
  EXPECT_EQ(outcome.end, End::DeadlinePassed);
  EXPECT_EQ(outcome.out, "goodbye\n");
}

TEST_F(Lifetime, KillsWhatIgnoresTheQuestion) {
  SandboxJob job = probe.job({"ignore-term"});
  job.deadline = seconds(1);
  const Clock::time_point start = Clock::now();
  EXPECT_EQ(probe.run(job).end, End::DeadlinePassed);
  EXPECT_LT(Clock::now() - start, seconds(6));
}

TEST_F(Lifetime, DaemonsDieWithTheCommand) {
  const Clock::time_point start = Clock::now();
  EXPECT_TRUE(probe.run(daemon_job()).ok());
  EXPECT_LT(Clock::now() - start, seconds(3));
  EXPECT_FALSE(heart_beats());
}

TEST_F(Lifetime, CancellationEndsTheRun) {
  Cancellation cancellation;
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(300));
    cancellation.request();
  });
  const Clock::time_point start = Clock::now();
  try {
    probe.sandbox().run(probe.job({"ignore-term"}), cancellation);
    ADD_FAILURE() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
  }
  later.join();
  EXPECT_LT(Clock::now() - start, seconds(4));
  EXPECT_TRUE(fs::is_empty(probe.path() / "scratch"));
}

TEST_F(Lifetime, KillingTheHelperLeavesNoProcess) {
  SandboxJob job = daemon_job();
  job.argv = {"/bin/probe", "heartbeat", "/shared/alive"};
  std::thread run([&] { EXPECT_THROW(probe.run(job), Error); });
  for (int i = 0; i < 500 && heartbeats() == 0; ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_TRUE(heart_beats());
  ASSERT_GT(only_child(), 0);
  ::kill(only_child(), SIGKILL);
  run.join();
  EXPECT_FALSE(heart_beats());
  EXPECT_THAT(groups_of(::getpid()), IsEmpty());
}

TEST_F(Lifetime, KillingTheProgramLeavesNoProcess) {
  SandboxJob job = daemon_job();
  job.argv = {"/bin/probe", "ignore-term"};
  const pid_t program = ::fork();
  if (program == 0) {
    // Two runs side by side: one that lives for ever, one whose daemon shows that it lives.
    std::thread other([this, job] { probe.run(job); });
    job.argv = {"/bin/probe", "heartbeat", "/shared/alive"};
    probe.run(job);
    ::_exit(0);
  }
  for (int i = 0; i < 500 && heartbeats() == 0; ++i) std::this_thread::sleep_for(milliseconds(10));
  ASSERT_TRUE(heart_beats());
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_FALSE(heart_beats());
}

TEST_F(Lifetime, MemoryLimitStopsTheRun) {
  SandboxJob job = probe.job({"memory", std::to_string(600L << 20)});
  job.memory_limit_bytes = 64U << 20U;
  EXPECT_EQ(probe.run(job).end, End::MemoryExceeded);
}

TEST_F(Lifetime, MemoryLimitLetsSmallRunsPass) {
  SandboxJob job = probe.job({"memory", std::to_string(16L << 20)});
  job.memory_limit_bytes = 64U << 20U;
  EXPECT_TRUE(probe.run(job).ok());
}

TEST_F(Lifetime, ProcessLimitHolds) {
  SandboxJob job = probe.job({"forks", "200"});
  job.process_limit = 20;
  EXPECT_LE(std::stoi(probe.said(job)), 20);
}

/// Where the limits of a run that this process starts are kept: a group of cgroups(7), of version 1 or 2.
fs::path process_limit_groups() {
  const bool version_2 = fs::exists("/sys/fs/cgroup/cgroup.procs");
  for (const fs::path& group : own_groups()) {
    if (version_2 || group.string().starts_with("/sys/fs/cgroup/pids/")) return group;
  }
  return {};
}

TEST_F(Lifetime, ARunLeavesTheGroupOfOneThatIsBeingStarted) {
  const fs::path groups = process_limit_groups();
  if (groups.empty() || ::access(groups.c_str(), W_OK) != 0) GTEST_SKIP() << "may not make groups here";
  const fs::path started = groups / ("mlbuild-run-other-" + std::to_string(::getpid()));
  fs::create_directory(started);
  EXPECT_TRUE(probe.run({"directory"}).ok());
  EXPECT_EQ(::rmdir(started.c_str()), 0);
}

/// Version 2 lets groups be made whose processes cannot be limited.
bool may_limit_processes() {
  const fs::path groups = process_limit_groups();
  const fs::path group = groups / ("mlbuild-run-other-" + std::to_string(::getpid()));
  if (groups.empty() || ::mkdir(group.c_str(), 0755) != 0) return false;
  const bool may = fs::exists(group / "pids.max");
  ::rmdir(group.c_str());
  return may;
}

TEST_F(Lifetime, ItsGroupIsNamedByItsProgramAndEndsWithIt) {
  if (!may_limit_processes()) GTEST_SKIP() << "may not limit processes by groups here";
  SandboxJob job = probe.job({"ignore-term"});
  job.deadline = seconds(1);
  std::thread run([&] { probe.run(job); });
  bool seen = false;
  for (int i = 0; i < 500 && !seen; ++i) {
    seen = !groups_of(::getpid()).empty();
    std::this_thread::sleep_for(milliseconds(2));
  }
  run.join();
  EXPECT_TRUE(seen);
  EXPECT_THAT(groups_of(::getpid()), IsEmpty());
}

TEST_F(Lifetime, FileAndTemporaryLimitsHold) {
  SandboxJob job = probe.job({"fill", "/big", std::to_string(32L << 20)});
  EXPECT_EQ(probe.said(job), "ok");
  job.file_limit_bytes = 8U << 20U;
  EXPECT_EQ(probe.said(job), "EFBIG");
  job = probe.job({"fill", "/tmp/big", std::to_string(32L << 20)});
  job.temporary_limit_bytes = 8U << 20U;
  EXPECT_EQ(probe.said(job), "ENOSPC");
}

TEST_F(Lifetime, OutputIsCutAtItsLimit) {
  SandboxJob job = probe.job({"chatter", "10000"});
  job.output_limit_bytes = 5000;
  const SandboxOutcome outcome = probe.run(job);
  EXPECT_TRUE(outcome.ok());
  EXPECT_THAT(outcome.out, HasSubstr("[output cut off after 5000 bytes]"));
  EXPECT_LT(outcome.out.size(), 5100U);
}

TEST_F(Lifetime, RunsSideBySide) {
  std::vector<std::thread> threads;
  std::vector<std::string> said(8);
  for (std::size_t i = 0; i < said.size(); ++i) {
    threads.emplace_back([&, i] {
      SandboxJob job = probe.job({"echo"});
      job.standard_input = std::to_string(i);
      said[i] = probe.said(job);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < said.size(); ++i) EXPECT_EQ(said[i], std::to_string(i));
}

TEST_F(Lifetime, LevelIsProbedAndReported) {
  const SandboxLevel level = probe.sandbox().level();
  EXPECT_NE(level, SandboxLevel::None) << "this machine forbids namespaces: docs/sandbox.md, \"Where it does not run\"";
  EXPECT_EQ(probe.run({"exit", "0"}).level, level);
}

/// A helper that only reports what it was made with.
void write_helper(const std::filesystem::path& path, const HelperReport& report) {
  std::ofstream(path) << "#!/bin/sh\nprintf %s '" << to_json(report) << "' >&4\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

TEST(BrokenProbe, IsSaidWithItsReason) {
  using Ending = HelperReport::End;
  const std::pair<HelperReport, const char*> cases[] = {
      {{Ending::DeadlinePassed, 0, SandboxLevel::L0, {}}, "its deadline"},
      {{Ending::MemoryExceeded, 0, SandboxLevel::L0, {}}, "its memory limit"},
      {{Ending::Signaled, SIGKILL, SandboxLevel::L0, {}}, "signal 9"}};
  for (const auto& [report, reason] : cases) {
    const TempDir directory;
    write_helper(directory.path() / "helper", report);
    const auto sandbox = make_namespace_sandbox(directory.path() / "helper", directory.path());
    try {
      sandbox->run(ProbeRoot().job({"exit", "0"}), Cancellation());
      ADD_FAILURE() << reason;
    } catch (const Error& error) {
      EXPECT_EQ(error.message(),
                fmt::format("the sandbox could not bring an empty job to its end before `{}`", reason));
      EXPECT_THAT(error.hint_text(), HasSubstr("overloaded"));
    }
  }
}

}  // namespace
}  // namespace mlbuild
