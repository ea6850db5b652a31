#include "mlbuild/lock/why.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LockedFile file(const std::string& name, std::uint64_t size_bytes, std::vector<std::string> required_by) {
  LockedFile file;
  file.name = name;
  file.version = "1.0";
  file.size_bytes = size_bytes;
  file.required_by = std::move(required_by);
  return file;
}

LockedDeb deb(const std::string& name, const std::string& because) {
  LockedDeb deb;
  deb.name = name;
  deb.because = because;
  return deb;
}

/// spec -> app -> {big -> deep, shared}, spec -> other -> shared
LockedImage image() {
  LockedImage image;
  image.wheels = {file("app", 1, {"spec"}), file("big", 100, {"app"}), file("deep", 10, {"big"}),
                  file("other", 2, {"spec"}), file("shared", 50, {"app", "other"})};
  image.dev = {file("pytest", 5, {"spec"})};
  image.base = {deb("libc6", "python3"), deb("python3", "wanted")};
  return image;
}

std::vector<std::string> names(const std::vector<WhyPackage>& packages) {
  std::vector<std::string> names;
  for (const WhyPackage& package : packages) names.push_back(package.name);
  return names;
}

TEST(Why, TellsOneChainForEachThatNeedsIt) {
  const std::vector<Why> found = why_locked(image(), "Shared");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].chains, ElementsAre(ElementsAre("app", "shared"), ElementsAre("other", "shared")));
  EXPECT_THAT(found[0].only_for_it, IsEmpty());
}

TEST(Why, CountsWhatNothingElseNeeds) {
  const std::vector<Why> found = why_locked(image(), "app");
  EXPECT_THAT(names(found.at(0).only_for_it), ElementsAre("big", "deep"));
  EXPECT_THAT(found.at(0).chains, ElementsAre(ElementsAre("app")));
}

TEST(Why, ACircleOfProjectsDoesNotHoldItself) {
  LockedImage circle;
  circle.wheels = {file("a", 1, {"b", "spec"}), file("b", 1, {"a"})};
  const std::vector<Why> found = why_locked(circle, "a");
  EXPECT_THAT(found.at(0).chains, ElementsAre(ElementsAre("a")));
  EXPECT_THAT(names(found.at(0).only_for_it), ElementsAre("b"));
}

TEST(Why, AGroupThatIsNotInTheImageSaysSo) {
  EXPECT_EQ(why_locked(image(), "pytest").at(0).group, "dev");
  EXPECT_EQ(why_locked(image(), "libc6").at(0).group, "base");
  EXPECT_THAT(why_locked(image(), "libc6").at(0).chains, ElementsAre(ElementsAre("python3", "libc6")));
}

TEST(Why, AProjectThatIsCalledSpecIsNotTheSpec) {
  LockedImage image;
  image.wheels = {file("below", 1, {"project:spec"}), file("spec", 1, {"spec"})};
  EXPECT_THAT(why_locked(image, "below").at(0).chains, ElementsAre(ElementsAre("spec", "below")));
  EXPECT_THAT(names(why_locked(image, "spec").at(0).only_for_it), ElementsAre("below"));
}

TEST(Why, AnUnknownNameIsNothing) { EXPECT_THAT(why_locked(image(), "nothing"), IsEmpty()); }

TEST(Why, OneNameMayBeAWheelAndADeb) {
  LockedImage both = image();
  both.base.push_back(deb("app", "wanted"));
  EXPECT_EQ(why_locked(both, "app").size(), 2U);
}

}  // namespace
}  // namespace mlbuild
