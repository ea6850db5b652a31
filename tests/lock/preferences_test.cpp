#include "../../src/lock/preferences.hpp"

#include "../../src/lock/debian_resolver.hpp"
#include "lock_samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Preferences, KeepThePinsOfThePreviousLock) {
  EXPECT_THAT(preferences_for(sample_image(), sample_lock(), {}, {}),
              ElementsAre(Pair("odd", "0.1"), Pair("pytest", "8.0"), Pair("toy", "1.0"), Pair("toydep", "2.0")));
}

TEST(Preferences, LeaveOutWhatIsUpgraded) {
  EXPECT_THAT(preferences_for(sample_image(), sample_lock(), Upgrade{false, {"toy", "odd"}}, {}),
              ElementsAre(Pair("pytest", "8.0"), Pair("toydep", "2.0")));
  EXPECT_THAT(preferences_for(sample_image(), sample_lock(), Upgrade{true, {}}, {}), IsEmpty());
}

TEST(Preferences, LaterPlatformsFollowEarlierOnes) {
  LockedImage arm = sample_image();
  arm.platform.architecture = "arm64";
  EXPECT_THAT(preferences_for(arm, std::nullopt, Upgrade{true, {}}, sample_lock()).size(), 4U);
}

TEST(Preferences, KeepWhatSourceDistributionsWereBuiltWith) {
  EXPECT_THAT(build_preferences_for(sample_image(), sample_lock(), Upgrade{false, {"odd"}}, {}),
              ElementsAre(Pair("odd", ElementsAre(Pair("setuptools", "70.0.0")))));
  EXPECT_THAT(build_preferences_for(sample_image(), sample_lock(), Upgrade{false, {"setuptools"}}, {}), IsEmpty());
  EXPECT_THAT(build_preferences_for(sample_image(), sample_lock(), Upgrade{true, {}}, {}), IsEmpty());
  EXPECT_THAT(build_preferences_for(sample_image(), std::nullopt, {}, sample_lock()).size(), 1U);
}

TEST(UpstreamRelease, IsTheNumberThatPythonAndGlibcHave) {
  EXPECT_EQ(upstream_release("3.11.2-6+deb12u7"), "3.11.2");
  EXPECT_EQ(upstream_release("2.36-9+deb12u10"), "2.36");
  EXPECT_EQ(upstream_release("1:3.13.5~rc1-1"), "3.13.5");
  EXPECT_EQ(upstream_release("3.12.-x"), "3.12");
}

}  // namespace
}  // namespace mlbuild::test
