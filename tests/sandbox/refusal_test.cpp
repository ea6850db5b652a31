#include "../../src/sandbox/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;

std::string remedy_for(const SetupFailure& failure, const HostFacts& facts) {
  const Error error = refusal(failure, facts);
  EXPECT_EQ(error.kind(), ErrorKind::Step);
  return error.hint_text();
}

TEST(Refusal, NamesTheStageAndTheCause) {
  EXPECT_EQ(refusal({stage::kBind, ENOENT, "/missing"}, {}).message(),
            "the sandbox could not bind `/missing`: No such file or directory");
}

TEST(Refusal, NamesThatAreNoTextReachWhoeverReportsThem) {
  HelperReport report;
  report.failure = {stage::kCopy, EEXIST, "caf\xe9"};
  EXPECT_EQ(parse_helper_report(to_json(report)).failure.detail, "caf\xef\xbf\xbd");
}

TEST(Refusal, AJobsMistakeGetsNoAdviceOnTheMachine) {
  EXPECT_EQ(remedy_for({stage::kExec, EACCES, "/bin/x"}, {.in_container = true}),
            "is it in there, executable, and on PATH?");
}

TEST(Refusal, ContainerFilterNamesTheOptionsToRunWith) {
  const SetupFailure failure{stage::kNamespaces, EPERM, ""};
  EXPECT_THAT(remedy_for(failure, {.in_container = true, .filtered = true}),
              HasSubstr("--security-opt seccomp=unconfined"));
}

TEST(Refusal, SwitchedOffNamespacesNameTheSetting) {
  const SetupFailure failure{stage::kNamespaces, ENOSPC, ""};
  EXPECT_THAT(remedy_for(failure, {.user_namespaces = 0}), HasSubstr("sysctl -w user.max_user_namespaces="));
  EXPECT_THAT(remedy_for(failure, {.user_namespaces = 100}), HasSubstr("too many user namespaces"));
  EXPECT_THAT(remedy_for({stage::kNamespaces, EPERM, ""}, {.userns_clone_off = true}),
              HasSubstr("kernel.unprivileged_userns_clone=1"));
}

TEST(Refusal, ApparmorIsNamedWhereverItStrikes) {
  for (const char* stage : {stage::kIdMap, stage::kMounts, stage::kOverlay, stage::kNetwork}) {
    EXPECT_THAT(remedy_for({stage, EACCES, ""}, {.apparmor_restricts = true}),
                HasSubstr("apparmor_restrict_unprivileged_userns=0"));
  }
}

TEST(Refusal, StoreOnOverlayIsToldToMove) {
  const SetupFailure failure{stage::kOverlay, EINVAL, "/tree"};
  EXPECT_THAT(remedy_for(failure, {.scratch_file_system = "overlay"}), HasSubstr("put it on a volume"));
}

}  // namespace
}  // namespace mlbuild
