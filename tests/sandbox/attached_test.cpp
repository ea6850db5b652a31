// Jobs that are not steps of a build: the program's own streams, signals, several trees, another user.
#include "probe_root.hpp"

#include "mlbuild/sys/signal_relay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SandboxTrees : public ::testing::Test {
 protected:
  fs::path tree(const std::string& name, const std::string& file, const std::string& content) const {
    const fs::path root = probe.path() / name;
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << content;
    return root;
  }
  ProbeRoot probe;
};

TEST_F(SandboxTrees, AreSeenAsOneAndUpperFilesWin) {
  SandboxJob job = probe.job({"print", "/etc/motd"});
  job.roots.push_back(tree("middle", "etc/motd", "from the middle\n"));
  job.roots.push_back(tree("top", "etc/other", "from the top\n"));
  EXPECT_EQ(probe.said(job), "from the middle");
  job.argv.back() = "/etc/other";
  EXPECT_EQ(probe.said(job), "from the top");
}

TEST_F(SandboxTrees, MayBeAsManyAsAnImageHasLayers) {
  SandboxJob job = probe.job({"print", "/etc/file126"});
  for (int i = 0; i < 127; ++i) {
    const std::string number = std::to_string(i);
    job.roots.push_back(tree("layer" + number, "etc/file" + number, number));
  }
  EXPECT_EQ(probe.said(job), "126");
}

TEST_F(SandboxTrees, TheOnlyUserMayHaveAnotherNumber) {
  SandboxJob job = probe.job({"print", "/proc/self/status"});
  job.user = 1000;
  job.group = 100;
  const std::string status = probe.run(job).out;
  EXPECT_THAT(status, HasSubstr("Uid:\t1000\t1000"));
  EXPECT_THAT(status, HasSubstr("Gid:\t100\t100"));
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
}

TEST_F(SandboxTrees, ABareNameIsLookedForInPath) {
  SandboxJob job = probe.job({"exit", "3"});
  job.argv.front() = "probe";
  job.env["PATH"] = "/none:/etc:/bin";
  EXPECT_EQ(probe.run(job).code, 3);
  job.env["PATH"] = "/none:/etc";
  EXPECT_THROW(probe.run(job), Error);
}

TEST_F(SandboxTrees, AnAttachedJobWritesToOurStreams) {
  SandboxJob job = probe.job({"echo"});
  job.attached = true;
  std::array<int, 2> in{};
  ASSERT_EQ(::pipe(in.data()), 0);
  ASSERT_EQ(::write(in[1], "spoken\n", 7), 7);
  ::close(in[1]);
  const int saved = ::dup(STDIN_FILENO);
  ::dup2(in[0], STDIN_FILENO);
  ::testing::internal::CaptureStdout();
  const SandboxOutcome outcome = probe.run(job);
  ::dup2(saved, STDIN_FILENO);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "spoken\n");
  EXPECT_EQ(outcome.out, "");
  ::close(in[0]);
  ::close(saved);
}

TEST_F(SandboxTrees, SignalsReachTheCommand) {
  SandboxJob job = probe.job({"goodbye", "/shared/ready"});
  job.deadline = std::chrono::seconds::zero();
  const fs::path shared = tree("shared", "none", "");
  job.mounts = {{shared, "/shared", true}};
  std::array<int, 2> signals{};
  ASSERT_EQ(::pipe(signals.data()), 0);
  job.signals = signals[0];
  std::thread sender([&] {
    // The command says when it listens; until then the signal would end it.
    const char number = SIGTERM;
    while (!fs::exists(shared / "ready")) std::this_thread::yield();
    EXPECT_EQ(::write(signals[1], &number, 1), 1);
  });
  const SandboxOutcome outcome = probe.run(job);
  sender.join();
  EXPECT_THAT(outcome.out, HasSubstr("goodbye"));
  for (const int end : signals) ::close(end);
}

/// Until pid 1 passes signals on the kernel drops what it gets, and before the command is there nobody else has them.
TEST_F(SandboxTrees, ASignalThatComesBeforeTheCommandIsNotLost) {
  SandboxJob job = probe.job({"goodbye"});
  std::array<int, 2> signals{};
  ASSERT_EQ(::pipe(signals.data()), 0);
  const char number = SIGTERM;
  ASSERT_EQ(::write(signals[1], &number, 1), 1);
  job.signals = signals[0];
  const SandboxOutcome outcome = probe.run(job);
  const bool was_ended = outcome.end == SandboxOutcome::End::Signaled && outcome.code == SIGTERM;
  EXPECT_TRUE(was_ended || outcome.ok()) << static_cast<int>(outcome.end);  // ok: it listened already
  for (const int end : signals) ::close(end);
}

TEST_F(SandboxTrees, AProcessorLimitIsAGroupsQuotaOrElseWholeProcessors) {
  SandboxJob job = probe.job({"spin", "600"});
  job.processor_limit = 0.3;
  const int milliseconds = std::stoi(probe.said(job));
  job.argv = {"/bin/probe", "print", "/proc/self/status"};
  const std::string status = probe.run(job).out;
  const std::size_t list = status.find("Cpus_allowed_list:\t");
  ASSERT_NE(list, std::string::npos);
  const bool one_processor = status.find_first_of(",-", list) > status.find('\n', list);
  EXPECT_TRUE(milliseconds < 400 || one_processor) << milliseconds << " ms of 600; " << status.substr(list, 40);
}

}  // namespace
}  // namespace mlbuild
