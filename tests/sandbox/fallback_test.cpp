// What happens where namespaces are not to be had: docs/sandbox.md, "Levels" and "Where it does not run". ctest starts
// this program below wrappers that take things away (tests/support/like_docker.cpp, without_user_namespaces.cpp), with
// a filter that names the suite which must hold there.
#include "../../src/sandbox/own_root.hpp"
#include "leftovers.hpp"
#include "probe_root.hpp"

#include "mlbuild/sys/disk_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using End = SandboxOutcome::End;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class Condition>
bool wait_for(const Condition& condition) {
  for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

class Fallback : public ::testing::Test {
 protected:
  std::unique_ptr<Sandbox> sandbox(SandboxLevel weakest = SandboxLevel::L3) {
    SandboxPolicy policy{weakest, [this](const std::string& text) { told.push_back(text); }};
    return make_namespace_sandbox("/proc/self/exe", probe.path() / "scratch", policy);
  }
  SandboxJob job(std::initializer_list<std::string> words) const {
    SandboxJob job = probe.job(words);
    job.env["MARK"] = probe.path().string();
    return job;
  }
  std::string said(const SandboxJob& job) { return probe.said(job); }
  std::string said(std::initializer_list<std::string> words) { return said(job(words)); }
  std::string said_by_relative_program() {
    SandboxJob relative = job({"directory"});
    relative.argv.front() = "../bin/probe";
    relative.working_directory = "/etc";
    return said(relative);
  }
  void TearDown() override {
    EXPECT_THAT(processes_with("MARK=" + probe.path().string()), IsEmpty());
    if (fs::exists(probe.path() / "scratch")) {
      EXPECT_TRUE(fs::is_empty(probe.path() / "scratch"));
    }
  }
  Error refusal_of(const SandboxJob& job, SandboxLevel weakest = SandboxLevel::L3) {
    try {
      sandbox(weakest)->run(job, never);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "not refused";
    return {ErrorKind::Internal, "none"};
  }

  ProbeRoot probe;
  const Cancellation never{};
  std::vector<std::string> told;
};

// --- Full: nothing is taken away ------------------------------------------------------------------------------------

using Full = Fallback;

TEST_F(Full, LevelIsTheBestAndNothingIsTold) {
  const auto best = sandbox(SandboxLevel::L0);
  EXPECT_EQ(best->known_level(), std::nullopt);
  EXPECT_EQ(best->run(job({"exit", "0"}), never).level, SandboxLevel::L0);
  EXPECT_EQ(best->known_level(), SandboxLevel::L0);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(Full, AJobWithoutTreesUsesTheMachinesOwnPrograms) {
  SandboxJob own;
  own.argv = {"/bin/sh", "-c", "ls /; test ! -e " + probe.path().string()};
  const SandboxOutcome outcome = probe.run(own);
  EXPECT_TRUE(outcome.ok()) << outcome.err;
  EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("home")));
}

// --- Root: user namespaces are switched off, and we are root ---------------------------------------------------------

using Root = Fallback;

TEST_F(Root, DoesWithoutAUserNamespaceAndSaysSo) {
  const auto weaker = sandbox();
  const SandboxOutcome outcome = weaker->run(job({"processes"}), never);
  EXPECT_EQ(outcome.level, SandboxLevel::L1);
  EXPECT_EQ(outcome.out, "1\n2\n");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told.front(), HasSubstr("level L1"));
  EXPECT_THAT(told.front(), HasSubstr("make namespaces: No space left on device"));
}

TEST_F(Root, IsRefusedWhereMoreIsAskedFor) {
  const Error error = refusal_of(job({"exit", "0"}), SandboxLevel::L0);
  EXPECT_THAT(error.message(), HasSubstr("only level L1"));
  EXPECT_THAT(error.hint_text(), HasSubstr("user.max_user_namespaces"));
}

TEST_F(Root, TheCommandHasNoCapabilitiesAndNoNetwork) {
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(said({"status", set}), "0000000000000000") << set;
  }
  EXPECT_EQ(said({"connect", "outside"}), "ENETUNREACH");
  EXPECT_EQ(said({"write", "/proc/sys/kernel/core_pattern"}), "EROFS");
  EXPECT_EQ(said({"print", "/proc/1/environ"}), "EACCES");
}

TEST_F(Root, ProgramsMayBeGivenRelativeToTheWorkingDirectory) { EXPECT_EQ(said_by_relative_program(), "/etc"); }

// --- Chroot: docker's default, as root: L2
// ----------------------------------------------------------------------------

using Chroot = Fallback;

TEST_F(Chroot, IsLevelL2AndSaysWhatThatMeans) {
  const auto weaker = sandbox();
  EXPECT_EQ(weaker->run(job({"exit", "0"}), never).level, SandboxLevel::L2);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told.front(),
              HasSubstr("level L2 of L0 to L3: there are no namespaces: it keeps mistakes in, not attacks"));
  EXPECT_THAT(told.front(), HasSubstr("could not make namespaces: Operation not permitted"));
}

TEST_F(Chroot, IsRefusedWithTheRemedyWhereMoreIsAskedFor) {
  const Error error = refusal_of(job({"exit", "0"}), SandboxLevel::L1);
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_THAT(error.message(), HasSubstr("reaches only level L2 here, and `--sandbox require:L1` asks for more"));
  EXPECT_THAT(error.hint_text(), HasSubstr("--security-opt seccomp=unconfined --security-opt systempaths=unconfined"));
}

TEST_F(Chroot, ShowsACopyOfTheTreesAndNothingElse) {
  EXPECT_EQ(said({"print", "/etc/motd"}), "from the tree");
  EXPECT_EQ(said({"write", "/etc/motd"}), "ok");
  EXPECT_EQ(read_text_file(probe.root() / "etc/motd"), "from the tree\n");
  std::ofstream(probe.path() / "secret") << "x";
  EXPECT_EQ(said({"print", (probe.path() / "secret").string()}), "ENOENT");
  EXPECT_EQ(said({"attack", "climb", (probe.path() / "secret").string()}), "nowhere");
  EXPECT_EQ(said({"list", "/proc"}), "");
}

TEST_F(Chroot, ProgramsMayBeGivenRelativeToTheWorkingDirectory) { EXPECT_EQ(said_by_relative_program(), "/etc"); }

TEST_F(Chroot, AWorkingDirectoryThatIsMissingIsMade) {
  SandboxJob elsewhere = job({"directory"});
  elsewhere.working_directory = "/srv/app";
  EXPECT_EQ(said(elsewhere), "/srv/app");
}

TEST_F(Chroot, UpperTreesHideWhatIsBelow) {
  fs::create_directories(probe.path() / "upper");
  fs::create_directory_symlink("/nowhere", probe.root() / "linked");
  fs::create_directories(probe.path() / "upper/linked");
  std::ofstream(probe.path() / "upper/linked/file") << "upper\n";
  SandboxJob two = job({"print", "/linked/file"});
  two.roots.push_back(probe.path() / "upper");
  EXPECT_EQ(said(two), "upper");
}

TEST_F(Chroot, TheCommandHasNoCapabilitiesNoSocketsAndItsOwnUser) {
  EXPECT_EQ(said({"socket", "2"}), "EAFNOSUPPORT");
  EXPECT_EQ(said({"socket", "10"}), "EAFNOSUPPORT");
  EXPECT_EQ(said({"call", "chroot"}), "EPERM");
  EXPECT_EQ(said({"call", "mknod"}), "EPERM");
  EXPECT_EQ(said({"call", "setuid"}), "EPERM");
  EXPECT_EQ(said({"attack", "kill", "-1", "15"}), "EPERM");
  EXPECT_THAT(said({"attack", "kill", std::to_string(::getpid()), "15"}), ::testing::AnyOf("EPERM", "ok"));
  SandboxJob other = job({"user"});
  other.user = 1000;
  other.group = 100;
  EXPECT_EQ(said(other), "1000:100");
  other.argv = {"/bin/probe", "write", "/etc/motd"};  // its copy belongs to it
  EXPECT_EQ(said(other), "ok");
}

TEST_F(Chroot, WritableMountsAreCopiedBackAndReadOnlyOnesNot) {
  for (const char* name : {"given", "taken"}) fs::create_directory(probe.path() / name);
  std::ofstream(probe.path() / "given/file") << "old\n";
  SandboxJob writes = job({"write", "/in/given/file"});
  writes.mounts = {{probe.path() / "given", "/in/given", true}, {probe.path() / "taken", "/in/taken", false}};
  EXPECT_EQ(said(writes), "ok");
  EXPECT_EQ(read_text_file(probe.path() / "given/file"), "x");
  writes.argv.back() = "/in/taken/made";
  EXPECT_EQ(said(writes), "ok");
  EXPECT_TRUE(fs::is_empty(probe.path() / "taken"));
}

TEST_F(Chroot, MountsComeFromOtherFileSystemsToo) {
  const TempDir elsewhere("/dev/shm");
  const TempDir here(probe.path());
  for (const TempDir* place : {&elsewhere, &here}) {
    std::ofstream(place->path() / "file") << "from there\n";
    SandboxJob reads = job({"print", "/in/file"});
    reads.mounts = {{place->path(), "/in", true}};
    EXPECT_EQ(said(reads), "from there");
    reads.argv = {"/bin/probe", "write", "/in/made"};
    EXPECT_EQ(said(reads), "ok");
    EXPECT_EQ(read_text_file(place->path() / "made"), "x");
  }
}

TEST_F(Chroot, WhatTakesTheirPlaceComesBackInsteadOfDirectories) {
  for (const char* kind : {"file", "link"}) {
    const TempDir given(probe.path());
    fs::create_directory(given.path() / "build");
    std::ofstream(given.path() / "build/inner") << "old\n";
    SandboxJob supplants = job({"attack", "supplant", "/in/build", kind});
    supplants.mounts = {{given.path(), "/in", true}};
    EXPECT_EQ(said(supplants), "ok");
    EXPECT_FALSE(fs::is_directory(fs::symlink_status(given.path() / "build"))) << kind;
    EXPECT_TRUE(fs::exists(given.path() / "build.old/inner"));
  }
}

TEST_F(Chroot, TheDiskLimitIsForWhatIsWrittenAndNotForTheCopy) {
  std::ofstream(probe.root() / "large") << std::string(8U << 20U, 'x');
  SandboxJob writes = job({"attack", "fill-many", "/made", std::to_string(2 << 20)});
  writes.disk_limit_bytes = 4U << 20U;
  EXPECT_EQ(said(writes), "ok");
  writes.argv[4] = std::to_string(512L << 20);
  EXPECT_EQ(probe.run(writes).end, End::DiskExceeded);
}

TEST_F(Chroot, LinksInWritableMountsComeBackAsLinks) {
  fs::create_directory(probe.path() / "given");
  std::ofstream(probe.path() / "victim") << "safe\n";
  fs::create_symlink(probe.path() / "victim", probe.path() / "given/link");
  SandboxJob replaces = job({"attack", "replace", "/in/link"});
  replaces.mounts = {{probe.path() / "given", "/in", true}};
  EXPECT_EQ(said(replaces), "ok");
  EXPECT_EQ(read_text_file(probe.path() / "victim"), "safe\n");  // the link was replaced, not written through
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(probe.path() / "given/link")));
}

TEST_F(Chroot, DaemonsBombsAndHogsEnd) {
  EXPECT_TRUE(probe.run(job({"daemon", "/tmp/alive"})).ok());
  SandboxJob bomb = job({"attack", "bomb"});
  bomb.process_limit = 64;
  bomb.deadline = std::chrono::seconds(2);
  EXPECT_FALSE(probe.run(bomb).ok());
  SandboxJob stubborn = job({"ignore-term"});
  stubborn.deadline = std::chrono::seconds(1);
  EXPECT_EQ(probe.run(stubborn).end, End::DeadlinePassed);
  SandboxJob hog = job({"memory", std::to_string(512L << 20)});
  hog.memory_limit_bytes = 64U << 20U;
  EXPECT_EQ(probe.run(hog).end, End::MemoryExceeded);
  hog.argv = {"/bin/probe", "attack", "fill-memory-file", std::to_string(512L << 20)};
  EXPECT_EQ(probe.run(hog).end, End::MemoryExceeded);
}

TEST_F(Chroot, NothingOutlivesAProgramThatIsKilled) {
  const pid_t program = ::fork();
  if (program == 0) {
    probe.run(job({"ignore-term"}));
    ::_exit(0);
  }
  const std::string mark = "MARK=" + probe.path().string();
  EXPECT_TRUE(wait_for([&] { return !processes_with(mark).empty(); }));
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  EXPECT_TRUE(wait_for([&] { return processes_with(mark).empty() && fs::is_empty(probe.path() / "scratch"); }));
}

TEST_F(Chroot, TheCommandAndItsChildrenDieWithTheHelper) {
  const std::string mark = "MARK=" + probe.path().string();
  ASSERT_TRUE(probe.run(job({"exit", "0"})).ok());  // after the probe the only child is the helper
  std::thread run([&] { EXPECT_THROW(probe.run(job({"ignore-term"})), Error); });
  EXPECT_TRUE(wait_for([&] { return !processes_with(mark).empty(); }));
  ASSERT_GT(only_child(), 0);
  ::kill(only_child(), SIGKILL);
  run.join();
  EXPECT_TRUE(wait_for([&] { return processes_with(mark).empty(); }));
}

// --- HalfWay: root below a chroot may make mount namespaces, but no mounts in them -----------------------------------

using HalfWay = Fallback;

/// It has left its working directory by then: a copy made below another one would be made in /root, read-only here.
TEST_F(HalfWay, TheProbeGoesOnInItsOwnDirectory) {
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat("/root", &before), 0);
  const auto weaker = sandbox();
  EXPECT_EQ(weaker->run(job({"exit", "0"}), never).level, SandboxLevel::L2);
  EXPECT_THAT(said({"print", "/etc/motd"}), "from the tree");
  ASSERT_EQ(::stat("/root", &after), 0);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
}

/// The wrapper's chroot is /mnt, which shows the same files as the root outside: only there are both one directory.
bool is_in_chroot() { return !fs::equivalent("/", "/mnt"); }

TEST_F(HalfWay, AChrootThatCannotBeMadeAMountIsGoneBackTo) {
  ASSERT_TRUE(is_in_chroot());
  const pid_t child = ::fork();  // it gets a mount namespace of its own
  if (child == 0) ::_exit(!make_root_a_mount() && is_in_chroot() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// --- Nobody: docker's default, as an ordinary user: L3
// ----------------------------------------------------------------

class Nobody : public Fallback {
 protected:
  SandboxJob own(const std::string& script) const {
    SandboxJob job;
    job.argv = {"/bin/sh", "-c", script};
    return job;
  }
};

TEST_F(Nobody, AJobThatNeedsARootIsRefusedWithTheRemedy) {
  const Error error = refusal_of(job({"exit", "0"}));
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  EXPECT_THAT(error.message(), HasSubstr("this step needs a root of its own"));
  EXPECT_THAT(error.message(), HasSubstr("could not make namespaces: Operation not permitted"));
  EXPECT_THAT(error.hint_text(), HasSubstr("--security-opt seccomp=unconfined"));
}

TEST_F(Nobody, AJobOfTheMachinesOwnProgramsRunsAtL3) {
  const auto weaker = sandbox();
  const SandboxOutcome outcome = weaker->run(own("echo said; exit 3"), never);
  EXPECT_EQ(outcome.level, SandboxLevel::L3);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.out, "said\n");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told.front(), HasSubstr("level L3"));
}

TEST_F(Nobody, ProgramsMayBeGivenRelativeToTheWorkingDirectory) {
  SandboxJob relative = own("pwd");
  relative.argv.front() = "../bin/sh";
  relative.working_directory = "/usr/bin";
  EXPECT_EQ(said(relative), "/usr/bin");
}

TEST_F(Nobody, FilesOutsideAreOutOfReach) {
  std::ofstream(probe.path() / "secret") << "of the host\n";
  EXPECT_FALSE(probe.run(own("cat " + (probe.path() / "secret").string())).ok());
  EXPECT_FALSE(probe.run(own("echo x > " + (probe.path() / "new").string())).ok());
  EXPECT_FALSE(probe.run(own("cat /etc/passwd")).ok());
  EXPECT_TRUE(probe.run(own("echo x > $TMPDIR/new && cat $TMPDIR/new")).ok());
  EXPECT_FALSE(fs::exists(probe.path() / "new"));
}

TEST_F(Nobody, MountsAreWhatItMayTouch) {
  const fs::path given = probe.path() / "given";
  fs::create_directory(given);
  SandboxJob writes = own("echo x > " + (given / "made").string());
  writes.mounts = {{given, given, false}};
  EXPECT_FALSE(probe.run(writes).ok());
  writes.mounts.front().writable = true;
  EXPECT_TRUE(probe.run(writes).ok());
  EXPECT_TRUE(fs::exists(given / "made"));
}

// --- Limit: an ordinary user where user.max_user_namespaces is 0 -----------------------------------------------------

using Limit = Fallback;

TEST_F(Limit, IsRefusedWithTheSetting) {
  const Error error = refusal_of(job({"exit", "0"}));
  EXPECT_THAT(error.message(), HasSubstr("could not make namespaces: No space left on device"));
  EXPECT_THAT(error.hint_text(), HasSubstr("sudo sysctl -w user.max_user_namespaces="));
}

TEST_F(Limit, ThePolicyIsAskedBeforeAnythingRuns) {
  const Error error = refusal_of(job({"write", "/x"}), SandboxLevel::L2);
  EXPECT_THAT(error.message(), HasSubstr("`--sandbox require:L2` asks for more"));
  EXPECT_THAT(error.hint_text(), HasSubstr("user.max_user_namespaces"));
}

}  // namespace
}  // namespace mlbuild
