#include "../../src/registry/challenge.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

TEST(Challenge, ReadsBearerWithItsParameters) {
  const auto challenges =
      parse_challenges(R"(Bearer realm="https://auth.example/token",service="a, b",scope="repository:x:pull,push")");
  ASSERT_EQ(challenges.size(), 1U);
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].parameters.at("realm"), "https://auth.example/token");
  EXPECT_EQ(challenges[0].parameters.at("service"), "a, b");
  EXPECT_EQ(challenges[0].parameters.at("scope"), "repository:x:pull,push");
}

TEST(Challenge, SchemesAndNamesHaveNoCase) {
  const auto challenges = parse_challenges(R"(BEARER Realm = "r" , SCOPE=s)");
  ASSERT_EQ(challenges.size(), 1U);
  EXPECT_EQ(challenges[0].parameters.at("realm"), "r");
  EXPECT_EQ(challenges[0].parameters.at("scope"), "s");
}

TEST(Challenge, ReadsSeveralFromOneValue) {
  const auto challenges = parse_challenges(R"(Negotiate, Bearer realm="r\"x", Basic realm=plain, charset="UTF-8")");
  ASSERT_EQ(challenges.size(), 3U);
  EXPECT_EQ(challenges[0].scheme, "negotiate");
  EXPECT_EQ(challenges[1].parameters.at("realm"), "r\"x");
  EXPECT_EQ(challenges[2].scheme, "basic");
  EXPECT_EQ(challenges[2].parameters.at("charset"), "UTF-8");
}

TEST(Challenge, TheFirstOfTwoEqualParametersCounts) {
  EXPECT_EQ(parse_challenges("Bearer realm=a, realm=b")[0].parameters.at("realm"), "a");
}

TEST(Challenge, WhatIsMalformedEndsTheList) {
  for (const char* text : {"", ",,,", "=", "\"", "=x", "realm=\"r\"", "\"quoted\" Bearer"}) {
    EXPECT_TRUE(parse_challenges(text).empty()) << text;
  }
  EXPECT_TRUE(parse_challenges("Bearer realm=\"never closed")[0].parameters.empty());
}

}  // namespace
}  // namespace mlbuild
