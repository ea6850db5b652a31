#include "mlbuild/base/json_depth.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mlbuild {
namespace {

TEST(JsonDepth, CountsOpenBracketsOnly) {
  EXPECT_EQ(json_depth(""), 0U);
  EXPECT_EQ(json_depth("17"), 0U);
  EXPECT_EQ(json_depth(R"({"a": [], "b": [{}]})"), 3U);
  EXPECT_EQ(json_depth("[[],[],[]]"), 2U);
}

TEST(JsonDepth, BracketsInStringsDoNotCount) {
  EXPECT_EQ(json_depth(R"(["[[[", "\"[[", "\\"])"), 1U);
  EXPECT_EQ(json_depth(R"(["\\", [1]])"), 2U);
}

TEST(JsonDepth, BrokenTextEnds) {
  EXPECT_EQ(json_depth("\"abc\\"), 0U);
  EXPECT_EQ(json_depth("]]]]["), 1U);
}

}  // namespace
}  // namespace mlbuild
