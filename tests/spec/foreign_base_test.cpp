#include "spec_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;

FakeDirectory directory() {
  FakeDirectory files;
  files.directories = {"base", "app"};
  files.files = {{"base.tar", ""}};
  return files;
}

TEST(ForeignBase, IsReadInAllItsForms) {
  const auto base = [](const std::string& text) {
    return parse(kHead + "base: " + text + "\napp: [{from: app, to: /app}]\n", directory()).variants[0].foreign_base;
  };
  EXPECT_EQ(base("{image: \"registry.example/python:3.11-slim\"}")->kind, ForeignBase::Kind::Image);
  EXPECT_EQ(base("{oci: base}")->reference.value, "base");
  EXPECT_EQ(base("{oci: \"base:1\"}")->reference.value, "base:1");
  EXPECT_EQ(base("{archive: base.tar}")->kind, ForeignBase::Kind::Archive);
  EXPECT_EQ(base("scratch")->kind, ForeignBase::Kind::Scratch);
  EXPECT_FALSE(base("{flavor: slim}"));
}

TEST(ForeignBase, MistakesHaveTheirPlaceAndAWayOut) {
  const auto told = [](const std::string& base) { return mistake(kHead + "base: " + base + "\n", directory()); };
  EXPECT_EQ(told("{image: \"python:3.11\"}"), "3:15 `base.image: python:3.11` names no registry");
  EXPECT_THAT(told("{image: \"UPPER\"}"), HasSubstr("upper-case"));
  EXPECT_EQ(told("{oci: bsae}"), "3:13 `bsae` does not exist");
  EXPECT_EQ(told("{oci: base.tar}"), "3:13 `base.tar` is no directory");
  EXPECT_EQ(told("{archive: base}"), "3:17 `base` is a directory");
  EXPECT_EQ(told("{oci: ../base}"), "3:13 `../base` leaves the directory of the spec");
  EXPECT_EQ(told("{oci: base, flavor: slim}"), "3:27 `base` has both `oci` and `flavor`");
  EXPECT_EQ(told("{oci: base, archive: base.tar}"), "3:28 `base` has both `oci` and `archive`");
  EXPECT_EQ(told("scrach"), "3:7 `base` cannot be a single value");
}

TEST(ForeignBase, ScratchTakesNeitherPackagesNorNothing) {
  EXPECT_THAT(
      mistake(kHead + "base: scratch\napp: [{from: app, to: /app}]\nrequirements: {runtime: [numpy]}\n", directory()),
      HasSubstr("5:26 requirement `numpy` cannot be installed on `base: scratch`"));
  EXPECT_THAT(
      mistake(kHead + "base: scratch\napp: [{from: app, to: /app}]\nsystem: {runtime: [libgomp1]}\n", directory()),
      HasSubstr("5:20 package `libgomp1` cannot be installed on `base: scratch`"));
  EXPECT_THAT(mistake(kHead + "base: scratch\n", directory()), HasSubstr("is empty"));
}

TEST(ForeignBase, AVariantReplacesTheBaseOfAnotherKind) {
  const Spec spec = parse(kHead +
                              "base: {debian: bookworm, flavor: distroless}\n"
                              "variants: {on: {base: {oci: base}}, slim: {base: {flavor: slim}}}\n",
                          directory());
  EXPECT_FALSE(spec.variants[0].foreign_base);
  EXPECT_EQ(spec.variants[1].foreign_base->reference.value, "base");
  EXPECT_FALSE(spec.variants[2].foreign_base);
}

TEST(ForeignBase, IsPartOfWhatTheLockAnswers) {
  const auto part = [](const std::string& base) {
    const Spec spec = parse(kHead + "base: " + base + "\napp: [{from: app, to: /app}]\n", directory());
    return locked_part_json(spec, spec.variants[0]);
  };
  EXPECT_THAT(part("{oci: base}"), HasSubstr(R"("base":{"oci":"base"})"));
  EXPECT_THAT(part("scratch"), HasSubstr(R"("base":"scratch")"));
}

TEST(ForeignBase, AnEmptyCommandIsNotAnAbsentOne) {
  const Spec spec = parse(kHead + "config: {entrypoint: [], cmd: [a]}\n", directory());
  EXPECT_TRUE(spec.variants[0].config.clears_entrypoint);
  EXPECT_FALSE(spec.variants[0].config.clears_cmd);
}

}  // namespace
}  // namespace mlbuild
