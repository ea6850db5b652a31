#include "mlbuild/sys/child_process.hpp"

#include "io/throws.hpp"

#include "mlbuild/sys/file.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace mlbuild {
namespace {

using namespace std::chrono_literals;
using test::expect_error;
using Clock = std::chrono::steady_clock;
using End = CommandResult::End;

const Cancellation kNever;

Command shell(const std::string& script) {
  Command command;
  command.argv = {"sh", "-c", script};
  command.env = {{"PATH", "/usr/bin:/bin"}};
  return command;
}

CommandResult run(const Command& command) { return run_command(command, kNever); }

bool is_alive(const std::string& pid) { return ::kill(std::stoi(pid), 0) == 0; }

TEST(RunCommand, ReportsExitCodeAndBothStreams) {
  const CommandResult result = run(shell("echo out; echo err >&2; exit 5"));
  EXPECT_EQ(result.end, End::Exited);
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_FALSE(result.ok());
}

TEST(RunCommand, ReportsTheSignalThatEndedTheChild) {
  const CommandResult result = run(shell("kill -USR1 $$"));
  EXPECT_EQ(result.end, End::Signaled);
  EXPECT_EQ(result.code, SIGUSR1);
}

TEST(RunCommand, GivesTheChildOnlyTheEnvironmentThatWasAskedFor) {
  Command command = shell("env | sort");
  command.env = {{"A", "1"}, {"B", "two words"}};
  ASSERT_EQ(::setenv("MLBUILD_TEST_LEAK", "yes", 1), 0);
  const std::string out = run(command).out;
  EXPECT_NE(out.find("A=1\nB=two words\n"), std::string::npos) << out;
  EXPECT_EQ(out.find("LEAK"), std::string::npos) << out;
}

TEST(RunCommand, PassesArgumentsUnchanged) {
  Command command = shell("");
  command.argv = {"printf", "[%s]", "a b", "", "$HOME", "*"};
  EXPECT_EQ(run(command).out, "[a b][][$HOME][*]");
}

TEST(RunCommand, FeedsStandardInputOfAnySize) {
  Command command = shell("wc -c");
  command.standard_input = std::string(3'000'000, 'x');
  EXPECT_EQ(std::stoi(run(command).out), 3'000'000);
  command = shell("exec true");  // reads nothing of it
  command.standard_input = std::string(3'000'000, 'x');
  EXPECT_TRUE(run(command).ok());
}

TEST(RunCommand, StartsInTheWorkingDirectory) {
  const TempDir dir;
  Command command = shell("pwd");
  command.working_directory = dir.path();
  EXPECT_EQ(run(command).out, dir.path().string() + "\n");
}

TEST(RunCommand, PassesNoDescriptorButTheThreeStreams) {
  const Fd low = open_read("/dev/null");
  const Fd inheritable(::dup(low.get()));  // without O_CLOEXEC, as a careless library leaves them
  const Fd high(::dup2(low.get(), 200));
  const std::string out = run(shell("exec ls /proc/self/fd")).out;
  EXPECT_EQ(out, "0\n1\n2\n3\n");  // 3 is the listing itself
}

TEST(RunCommand, CutsOutputAtTheLimitAndLetsTheChildFinish) {
  Command command = shell("head -c 1000000 /dev/zero | tr '\\0' x; echo done >&2; exit 3");
  command.output_limit_bytes = 1000;
  const CommandResult result = run(command);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, std::string(1000, 'x') + "\n[output cut off after 1000 bytes]\n");
  EXPECT_EQ(result.err, "done\n");
}

TEST(RunCommand, EndsAChildThatPassesTheDeadline) {
  Command command = shell("echo begun; sleep 60");
  command.deadline = 200ms;
  const auto begin = Clock::now();
  const CommandResult result = run(command);
  EXPECT_EQ(result.end, End::DeadlinePassed);
  EXPECT_EQ(result.out, "begun\n");
  EXPECT_LT(Clock::now() - begin, 1500ms);
}

TEST(RunCommand, KillsAChildThatIgnoresTheRequestToEnd) {
  Command command = shell("trap '' TERM; echo $$; while :; do sleep 0.1; done");
  command.deadline = 200ms;
  const auto begin = Clock::now();
  const CommandResult result = run(command);
  EXPECT_EQ(result.end, End::DeadlinePassed);
  EXPECT_GE(Clock::now() - begin, 2s);
  EXPECT_LT(Clock::now() - begin, 8s);
  EXPECT_FALSE(is_alive(result.out));
}

TEST(RunCommand, LeavesNothingOfItsGroupBehind) {
  const auto begin = Clock::now();
  const CommandResult result = run(shell("sleep 60 & echo $!"));  // the grandchild holds the pipes open
  EXPECT_TRUE(result.ok());
  EXPECT_LT(Clock::now() - begin, 5s);
  for (int i = 0; i < 100 && is_alive(result.out); ++i) std::this_thread::sleep_for(20ms);  // until init reaps it
  std::string state;
  if (is_alive(result.out)) state = read_text_file("/proc/" + std::to_string(std::stoi(result.out)) + "/stat");
  EXPECT_TRUE(state.empty() || state.find(") Z ") != std::string::npos) << state;
}

TEST(RunCommand, DoesNotWaitForADaemonThatLeftTheGroup) {
  const auto begin = Clock::now();
  const CommandResult result = run(shell("setsid sleep 5 & sleep 0.3; exit 7"));
  EXPECT_EQ(result.code, 7);
  EXPECT_LT(Clock::now() - begin, 4s);
}

TEST(RunCommand, CancellationEndsTheChildAtOnce) {
  Cancellation cancellation;
  std::thread canceller([&] {
    std::this_thread::sleep_for(200ms);
    cancellation.request();
  });
  const auto begin = Clock::now();
  expect_error(ErrorKind::Interrupted, "interrupted", [&] { run_command(shell("sleep 60"), cancellation); });
  canceller.join();
  EXPECT_LT(Clock::now() - begin, 1500ms);
  expect_error(ErrorKind::Interrupted, "interrupted", [&] { run_command(shell("true"), cancellation); });
}

TEST(RunCommand, AnEndThatNobodyCouldWaitForIsNoSuccess) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;  // the kernel reaps the child, and waiting for it fails
  ASSERT_EQ(::sigaction(SIGCHLD, &ignore, &before), 0);
  Command command = shell("until ls -l /proc/$PPID/fd | grep -q pidfd; do :; done; exit 3");  // until it is watched
  command.argv.insert(command.argv.begin(), {"env", "--default-signal=CHLD"});
  expect_error(ErrorKind::Step, "cannot learn how `env` ended: No child processes", [&] { run(command); });
  ASSERT_EQ(::sigaction(SIGCHLD, &before, nullptr), 0);
}

TEST(RunCommand, SaysWhichProgramIsMissing) {
  Command command;
  command.argv = {"mlbuild-no-such-program"};
  expect_error(ErrorKind::Step, "`mlbuild-no-such-program`", [&] { run(command); });
}

TEST(RunCommand, ReportsAProgramThatCannotBeExecuted) {
  const TempDir dir;
  const std::filesystem::path script = dir.path() / "script";
  AtomicFile file(script, 0755);
  file.write(as_bytes("#!/no/such/interpreter\n"));
  file.commit();
  Command command;
  command.argv = {script.string()};
  expect_error(ErrorKind::Step, "cannot start", [&] { run(command); });
}

TEST(RunCommand, ReportsAMissingWorkingDirectory) {
  Command command = shell("true");
  command.working_directory = "/no/such/directory";
  expect_error(ErrorKind::Step, "cannot start `sh`", [&] { run(command); });
}

TEST(RunCommand, ManyThreadsRunChildrenAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 10; ++i) {
        const std::string text = std::to_string(t) + "." + std::to_string(i);
        EXPECT_EQ(run(shell("echo " + text)).out, text + "\n");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(RunCommand, SignalsThatWeBlockReachTheChild) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  const CommandResult result = run(shell("grep SigBlk /proc/self/status"));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(result.out, "SigBlk:\t0000000000000000\n");
}

TEST(FindProgram, LooksThroughPathAndTheSystemDirectories) {
  EXPECT_TRUE(find_program("sh").has_value());
  EXPECT_EQ(find_program("/bin/sh"), std::filesystem::path("/bin/sh"));
  EXPECT_EQ(find_program("mlbuild-no-such-program"), std::nullopt);
  EXPECT_EQ(find_program("/etc/passwd"), std::nullopt);  // not executable
  EXPECT_EQ(find_program("/bin"), std::nullopt);
  EXPECT_EQ(find_program(""), std::nullopt);
}

}  // namespace
}  // namespace mlbuild
