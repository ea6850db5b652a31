#include "spec_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;

SizeBudget budget_of(const std::string& text) { return parse(kHead + "budget: " + text + "\n").variants[0].budget; }

std::string mistake_in(const std::string& text) {
  try {
    budget_of(text);
  } catch (const Error& error) {
    return error.message();
  }
  return "none";
}

TEST(ReadBudget, SizesAreDecimalOrBinary) {
  const SizeBudget budget = budget_of("{compressed: 500MB, uncompressed: 1.5 GiB}");
  EXPECT_EQ(budget.compressed_bytes->value, 500'000'000U);
  EXPECT_EQ(budget.uncompressed_bytes->value, 1'610'612'736U);
  EXPECT_FALSE(budget.has_growth());
}

TEST(ReadBudget, GrowthIsAPartOrASize) {
  EXPECT_EQ(budget_of("{growth: 10%}").growth_percent->value, 10);
  EXPECT_EQ(budget_of("{growth: 50 MB}").growth_bytes->value, 50'000'000U);
}

TEST(ReadBudget, WhatIsNoSizeHasItsPlace) {
  EXPECT_THAT(mistake_in("{compressed: much}"), HasSubstr("no size"));
  EXPECT_THAT(mistake_in("{compressed: 5 MBs}"), HasSubstr("no size"));
  EXPECT_THAT(mistake_in("{uncompressed: -1}"), HasSubstr("no size"));
  EXPECT_THAT(mistake_in("{growth: ten%}"), HasSubstr("neither a part nor a size"));
  EXPECT_THAT(mistake_in("{against: \"oci:out\"}"), HasSubstr("nothing is compared"));
}

}  // namespace
}  // namespace mlbuild
