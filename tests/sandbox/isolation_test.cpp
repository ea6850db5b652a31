// What the command sees and can do: docs/sandbox.md, "What the command sees" and "What it cannot do".
#include "../../src/sandbox/landlock.hpp"
#include "probe_root.hpp"

#include "mlbuild/sys/disk_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_alg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  for (const std::string_view line : split_lines(text)) result.emplace_back(line);
  return result;
}

class Isolation : public ::testing::Test {
 protected:
  ProbeRoot probe;
};

TEST_F(Isolation, ShowsTheTreeAndNothingOfTheHost) {
  EXPECT_EQ(probe.said({"print", "/etc/motd"}), "from the tree");
  EXPECT_THAT(lines(probe.run({"list", "/"}).out), UnorderedElementsAre("bin", "etc", "dev", "proc", "tmp"));
}

TEST_F(Isolation, NeverWritesToTheTree) {
  EXPECT_EQ(probe.said({"write", "/etc/motd"}), "ok");
  EXPECT_EQ(probe.said({"write", "/new"}), "ok");
  EXPECT_EQ(read_text_file(probe.root() / "etc/motd"), "from the tree\n");
  EXPECT_FALSE(fs::exists(probe.root() / "new"));
}

TEST_F(Isolation, HandsOutWhatWasChangedWhereTheJobSays) {
  SandboxJob job = probe.job({"write", "/etc/motd"});
  job.changes = probe.path() / "changes";
  EXPECT_EQ(probe.said(job), "ok");
  EXPECT_NE(read_text_file(job.changes / "etc/motd"), "from the tree\n");
  EXPECT_EQ(read_text_file(probe.root() / "etc/motd"), "from the tree\n");
  EXPECT_TRUE(fs::is_empty(probe.path() / "scratch"));
}

TEST_F(Isolation, OwnersAreNotPretendedWhereChangesAreKept) {
  EXPECT_EQ(probe.said({"own", "/etc/motd"}), "ok");
  SandboxJob job = probe.job({"own", "/etc/motd"});
  job.changes = probe.path() / "changes";
  EXPECT_NE(probe.said(job), "ok");
}

TEST_F(Isolation, LeavesNothingInScratch) {
  probe.run({"write", "/etc/motd"});
  EXPECT_TRUE(fs::is_empty(probe.path() / "scratch"));
}

TEST_F(Isolation, GivesOnlyTheEnvironmentOfTheJob) {
  SandboxJob job = probe.job({"environment"});
  EXPECT_EQ(probe.run(job).out, "");
  job.env = {{"LANG", "C.UTF-8"}, {"EMPTY", ""}};
  EXPECT_THAT(lines(probe.run(job).out), ElementsAre("EMPTY=", "LANG=C.UTF-8"));
}

TEST_F(Isolation, PassesStandardInputAndWorkingDirectory) {
  SandboxJob job = probe.job({"echo"});
  job.standard_input = std::string(200'000, 'i');
  EXPECT_EQ(probe.run(job).out, job.standard_input);
  job = probe.job({"directory"});
  job.working_directory = "/etc";
  EXPECT_EQ(probe.said(job), "/etc");
}

TEST_F(Isolation, AWorkingDirectoryThatIsMissingIsMade) {
  SandboxJob job = probe.job({"directory"});
  job.working_directory = "/srv/app";
  EXPECT_EQ(probe.said(job), "/srv/app");
}

TEST_F(Isolation, ProgramsMayBeGivenRelativeToTheWorkingDirectory) {
  SandboxJob job = probe.job({"directory"});
  job.working_directory = "/etc";
  for (const char* program : {"../bin/probe", "/bin/probe"}) {
    job.argv.front() = program;
    EXPECT_EQ(probe.said(job), "/etc") << program;
  }
}

TEST_F(Isolation, InheritsNoDescriptor) {
  const Fd secret = open_read("/dev/null");
  const Fd inheritable(::dup(secret.get()));  // without close-on-exec
  EXPECT_THAT(lines(probe.run({"descriptors"}).out), ElementsAre("0", "1", "2"));
}

TEST_F(Isolation, RunsWithFixedMaskLimitsAndName) {
  EXPECT_EQ(probe.said({"umask"}), "022");
  EXPECT_EQ(probe.said({"limit", "core"}), "0");
  EXPECT_LE(std::stoul(probe.said({"limit", "files"})), 65536U);
  EXPECT_EQ(probe.said({"hostname"}), "mlbuild");
}

TEST_F(Isolation, SeesOnlyItsOwnProcesses) {
  if (probe.sandbox().level() == SandboxLevel::L1)
    GTEST_SKIP() << "where a container masks /proc, the outer one is seen";
  EXPECT_THAT(lines(probe.run({"processes"}).out), ElementsAre("1", "2"));
}

TEST_F(Isolation, HasNoNetworkButLoopback) {
  EXPECT_EQ(probe.said({"connect", "outside"}), "ENETUNREACH");
  EXPECT_EQ(probe.said({"connect", "loopback"}), "ECONNREFUSED");
  EXPECT_THAT(probe.said({"print", "/etc/hosts"}), HasSubstr("127.0.0.1 localhost"));
}

/// A listening socket on a free port of the host.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) { ::listen(socket_.get(), 4); }
  std::string port() const;

 private:
  Fd socket_;
};

std::string Listener::port() const {
  struct {
    std::uint16_t family, port;
    char rest[28];
  } address{};
  socklen_t size = sizeof address;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return std::to_string(__builtin_bswap16(address.port));
}

TEST_F(Isolation, ReachesTheHostsNetworkOnlyWhenTheJobSaysSo) {
  const Listener listener;
  SandboxJob job = probe.job({"connect", "loopback", listener.port()});
  EXPECT_EQ(probe.said(job), "ECONNREFUSED");
  job.network = true;
  EXPECT_EQ(probe.said(job), "ok");
}

TEST_F(Isolation, HasAMinimalDev) {
  EXPECT_THAT(lines(probe.run({"list", "/dev"}).out),
              UnorderedElementsAre("null", "zero", "full", "random", "urandom", "tty", "shm", "fd", "stdin", "stdout",
                                   "stderr"));
  EXPECT_EQ(probe.said({"write", "/dev/null"}), "ok");
  EXPECT_EQ(probe.said({"write", "/dev/shm/x"}), "ok");
  EXPECT_EQ(probe.said({"write", "/dev/x"}), "EROFS");
}

TEST_F(Isolation, CannotWriteKernelSettings) {
  EXPECT_EQ(probe.said({"write", "/proc/sys/kernel/core_pattern"}), "EROFS");
  EXPECT_EQ(probe.said({"write", "/proc/sys/vm/drop_caches"}), "EROFS");
  EXPECT_EQ(probe.said({"print", "/proc/keys"}), "");
}

TEST_F(Isolation, CannotLookIntoPid1) {
  EXPECT_EQ(probe.said({"write", "/proc/1/exe"}), "EACCES");
  EXPECT_EQ(probe.said({"print", "/proc/1/environ"}), "EACCES");
  EXPECT_EQ(probe.said({"list", "/proc/1/root/"}), "");
}

TEST_F(Isolation, HasNoCapabilitiesAndGetsNone) {
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(probe.said({"status", set}), "0000000000000000") << set;
  }
  EXPECT_EQ(probe.said({"status", "NoNewPrivs"}), "1");
  EXPECT_EQ(probe.said({"status", "Seccomp"}), "2");
}

TEST_F(Isolation, RefusesWhatCouldOpenTheBox) {
  for (const char* name :
       {"mount", "umount", "remount", "unshare", "clone-newuser", "setns", "chroot", "ptrace", "keyctl", "bpf", "perf",
        "userfaultfd", "kexec", "module", "open_by_handle", "mknod", "tiocsti"}) {
    EXPECT_EQ(probe.said({"call", name}), "EPERM") << name;
  }
  for (const char* name : {"clone3", "io_uring"}) EXPECT_EQ(probe.said({"call", name}), "ENOSYS") << name;
  EXPECT_EQ(probe.said({"call", "setuid"}), "EINVAL");  // there is no other user
}

TEST_F(Isolation, KnowsFewSocketFamilies) {
  for (const int family : {AF_ALG, AF_VSOCK, AF_PACKET, AF_BLUETOOTH}) {
    EXPECT_EQ(probe.said({"socket", std::to_string(family)}), "EAFNOSUPPORT") << family;
  }
  SandboxJob job = probe.job({"socket", std::to_string(AF_UNIX)});
  EXPECT_EQ(probe.said(job), "ok");
  job.network = true;  // abstract sockets of the host would be in reach, where Landlock does not keep them out
  EXPECT_EQ(probe.said(job), landlock_version() >= kLandlockScopes ? "ok" : "EAFNOSUPPORT");
}

#ifdef __x86_64__
TEST_F(Isolation, KillsSystemCallsOfTheOldAbi) {
  const SandboxOutcome outcome = probe.run({"old-abi"});
  EXPECT_EQ(outcome.end, SandboxOutcome::End::Signaled);
  EXPECT_EQ(outcome.code, SIGSYS);
}
#endif

TEST_F(Isolation, AnswersChownWithDone) { EXPECT_EQ(probe.said({"own", "/etc/motd"}), "ok"); }

TEST_F(Isolation, MakesNoSetIdFiles) {
  EXPECT_EQ(probe.said({"set-id", "/etc/motd"}), "EPERM");
  for (const char* way : {"create", "create-group", "creat", "node"})
    EXPECT_EQ(probe.said({"set-id-file", way, "/new"}), "EPERM") << way;
  for (const char* way : {"nameless", "nameless-group"})
    EXPECT_EQ(probe.said({"set-id-file", way, "/tmp"}), "EPERM") << way;
  for (const char* way : {"change", "change-at"})
    EXPECT_EQ(probe.said({"set-id-file", way, "/etc/motd"}), "EPERM") << way;
#ifdef SYS_open
  EXPECT_EQ(probe.said({"set-id-file", "nameless-old", "/tmp"}), "EPERM");
#endif
  EXPECT_EQ(probe.said({"nameless-file", "/tmp"}), "ok");
}

TEST_F(Isolation, ReadOnlyMountsStayReadOnly) {
  fs::create_directory(probe.path() / "given");
  std::ofstream(probe.path() / "given/file") << "host\n";
  SandboxJob job = probe.job({"print", "/deep/place/file"});
  job.mounts = {{probe.path() / "given", "/deep/place", false}};
  EXPECT_EQ(probe.said(job), "host");
  job.argv = {"/bin/probe", "write", "/deep/place/file"};
  EXPECT_EQ(probe.said(job), "EROFS");
}

TEST_F(Isolation, WritableMountsReachTheHost) {
  fs::create_directory(probe.path() / "given");
  SandboxJob job = probe.job({"write", "/out/made"});
  job.mounts = {{probe.path() / "given", "/out", true}};
  EXPECT_EQ(probe.said(job), "ok");
  EXPECT_EQ(read_text_file(probe.path() / "given/made"), "x");
}

TEST_F(Isolation, MountsSingleFilesOverLinksOfTheTree) {
  std::ofstream(probe.path() / "given") << "host\n";
  fs::create_symlink("/nowhere/at/all", probe.root() / "etc/link");
  SandboxJob job = probe.job({"print", "/etc/link"});
  job.mounts = {{probe.path() / "given", "/etc/link", false}};
  EXPECT_EQ(probe.said(job), "host");
}

TEST_F(Isolation, MountPointsFollowLinksInsideTheTreeOnly) {
  fs::create_directory(probe.path() / "given");
  fs::create_directory(probe.path() / "outside");
  fs::create_symlink(probe.path() / "outside", probe.root() / "escape");
  SandboxJob job = probe.job({"list", "/escape"});
  job.mounts = {{probe.path() / "given", "/escape/x", true}};
  EXPECT_THROW(probe.run(job), Error);  // the link's target is not in the tree
  EXPECT_TRUE(fs::is_empty(probe.path() / "outside"));
}

TEST_F(Isolation, RefusesATreeWhoseDevIsALink) {
  fs::create_symlink("/etc", probe.root() / "dev");
  EXPECT_THROW(probe.run({"exit", "0"}), Error);
}

TEST_F(Isolation, CopesWithCommasAndColonsInPaths) {
  fs::rename(probe.root(), probe.path() / "a,b:c\\d");
  SandboxJob job = probe.job({"print", "/etc/motd"});
  job.roots = {probe.path() / "a,b:c\\d"};
  EXPECT_EQ(probe.said(job), "from the tree");
}

}  // namespace
}  // namespace mlbuild
