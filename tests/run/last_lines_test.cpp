#include "../../src/run/last_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LastLines, AreTheLastOnes) {
  EXPECT_THAT(last_lines("one\ntwo\nthree\n", 2), ElementsAre("two", "three"));
  EXPECT_THAT(last_lines("one\ntwo", 3), ElementsAre("one", "two"));
  EXPECT_THAT(last_lines("", 3), IsEmpty());
}

TEST(LastLines, DoNothingToATerminal) {
  EXPECT_THAT(last_lines("\x1b]0;title\x07\nback\r\x1b[2Khidden\n", 3),
              ElementsAre("\\x1b]0;title\\x07", "back\\x0d\\x1b[2Khidden"));
}

TEST(LastLines, EndSomewhere) {
  EXPECT_THAT(last_lines(std::string(1 << 20, 'x') + "\nend\n", 3), ElementsAre(std::string(400, 'x'), "end"));
}

}  // namespace
}  // namespace mlbuild
