#include "spec_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string part(const std::string& text) {
  const Spec spec = parse(kHead + text);
  return locked_part_json(spec, spec.variants[0]);
}

TEST(LockedPart, IsCanonicalJson) {
  EXPECT_EQ(part("requirements: {runtime: [pandas, \"numpy==1.26.4\"]}\nsystem: {runtime: [libgomp1]}\npython: "
                 "{exclude-newer: 2024-06-01}\n"),
            R"({"base":{"debian":"bookworm","flavor":"slim","python":"3.11"},"platforms":["linux/amd64"],)"
            R"("python":{"exclude-newer":"2024-06-01","indexes":[],"sdists":"deny"},)"
            R"("requirements":{"build":[],"dev":[],"runtime":["numpy==1.26.4","pandas"]},)"
            R"("system":{"build":[],"runtime":["libgomp1"]}})");
}

TEST(LockedPart, WhatTheLockDoesNotAnswerDoesNotMoveIt) {
  const std::string base = part("requirements: {runtime: [a, b]}\n");
  EXPECT_EQ(part("requirements: {runtime: [b, a, a]}\n"), base);
  EXPECT_EQ(
      part("requirements:\n  runtime:\n    - a # why\n    - b\nconfig: {cmd: [x], env: {A: b}}\nlayers: {max: 20}\n"),
      base);
}

TEST(LockedPart, EverythingThatIsResolvedMovesIt) {
  const std::string base = part("requirements: {runtime: [a]}\n");
  const std::string same = "requirements: {runtime: [a]}\n";
  for (const std::string change :
       {"base: {flavor: distroless}\n", "platforms: [linux/arm64]\n", "python: {sdists: allow}\n",
        "python: {sdists: [a]}\n", "python: {exclude-newer: 2024-06-01}\n",
        "python: {indexes: [{url: \"https://a.example\", packages: [a]}]}\n", "system: {runtime: [gcc]}\n",
        "system: {build: [gcc]}\n"}) {
    EXPECT_NE(part(same + change), base) << change;
  }
  for (const std::string changed : {"{runtime: [b]}", "{runtime: [a], dev: [b]}", "{runtime: [a], build: [b]}",
                                    "{runtime: [a], constraints: [b<2]}"}) {
    EXPECT_NE(part("requirements: " + changed + "\n"), base) << changed;
  }
}

TEST(LockedPart, NamesNoHost) {
  const std::string text = part(
      "requirements: {runtime: [\"a @ https://files.example/a-1-py3-none-any.whl\"]}\npython: {indexes: [{url: "
      "\"https://wheels.example/cpu\", packages: [torch]}]}\n");
  EXPECT_THAT(text, Not(HasSubstr("example")));
  EXPECT_THAT(text, HasSubstr("a @ sha256:"));
}

TEST(LockedPart, VariantsAreAnsweredSeparately) {
  const Spec spec = parse(
      kHead +
      "requirements: {runtime: [a]}\nvariants: {same: {config: {cmd: [x]}}, other: {requirements: {runtime: [b]}}}\n");
  const auto digest = [&](const std::string& name) { return locked_part_digest(spec, spec.variant(name)); };
  EXPECT_EQ(digest("same"), digest(""));
  EXPECT_NE(digest("other"), digest(""));
}

}  // namespace
}  // namespace mlbuild
