#include "mlbuild/debian/version.hpp"

#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

// Debian policy 5.6.12: "the sorted order ~~, ~~a, ~, the empty part, a".
TEST(DebianVersion, TildeSortsBeforeTheEnd) {
  const char* ascending[] = {"1~~", "1~~a", "1~", "1", "1a"};
  for (std::size_t i = 1; i < std::size(ascending); ++i)
    EXPECT_TRUE(compare_versions(ascending[i - 1], ascending[i]) < 0) << ascending[i];
}

TEST(DebianVersion, EpochOutweighsEverything) {
  EXPECT_TRUE(compare_versions("9.9-9", "1:0.1-1") < 0);
  EXPECT_TRUE(compare_versions("0:1.0-1", "1.0-1") == 0);
}

TEST(DebianVersion, NumbersCompareAsNumbersWithoutLimit) {
  EXPECT_TRUE(compare_versions("1.9", "1.10") < 0);
  EXPECT_TRUE(compare_versions("1.010", "1.10") == 0);
  EXPECT_TRUE(compare_versions("1.99999999999999999999999999", "1.100000000000000000000000000") < 0);
}

TEST(DebianVersion, LettersSortBeforeOtherCharacters) {
  EXPECT_TRUE(compare_versions("1.0a", "1.0+") < 0);
  EXPECT_TRUE(compare_versions("1.0Z", "1.0a") < 0);
}

TEST(DebianVersion, RevisionIsWhatFollowsTheLastHyphen) {
  EXPECT_TRUE(compare_versions("1.0-rc1-1", "1.0-rc1-2") < 0);
  EXPECT_TRUE(compare_versions("1.0", "1.0-1") < 0);
  EXPECT_TRUE(compare_versions("3.11.2-6+deb12u8", "3.11.2-6+deb12u9") < 0);
  EXPECT_TRUE(compare_versions("3.11.2-6~deb11u1", "3.11.2-6") < 0);
}

}  // namespace
}  // namespace mlbuild::debian
