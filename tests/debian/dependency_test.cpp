#include "mlbuild/debian/dependency.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

TEST(Dependency, ReadsAlternativesVersionsAndQualifiers) {
  const auto groups =
      parse_dependencies("libc6 (>= 2.36), python3:any (<< 3.12~) | python3.11,\n usrmerge | usr-is-merged (= 1:2-3)");
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(to_string(groups[0]), "libc6 (>= 2.36)");
  EXPECT_EQ(to_string(groups[1]), "python3 (<< 3.12~) | python3.11");
  EXPECT_EQ(to_string(groups[2]), "usrmerge | usr-is-merged (= 1:2-3)");
}

TEST(Dependency, AcceptsByRelation) {
  const auto accepts = [](std::string_view field, std::string_view version) {
    return parse_dependencies(field).front().front().accepts(version);
  };
  EXPECT_TRUE(accepts("a (>= 1.0)", "1.0"));
  EXPECT_FALSE(accepts("a (>> 1.0)", "1.0"));
  EXPECT_TRUE(accepts("a (<= 1.0)", "1.0~rc1"));
  EXPECT_FALSE(accepts("a (<< 1.0)", "1.0"));
  EXPECT_TRUE(accepts("a (= 1.0-1)", "1.0-1"));
  EXPECT_TRUE(accepts("a (< 1.0)", "1.0"));  // policy 7.1: obsolete spelling of <=
  EXPECT_TRUE(accepts("a", ""));
}

TEST(Dependency, EmptyFieldHasNoGroups) {
  EXPECT_TRUE(parse_dependencies("  ").empty());
  EXPECT_EQ(parse_dependencies("a, ").size(), 1U);
}

TEST(Dependency, RefusesWhatBinaryPackagesDoNotSay) {
  for (const char* field :
       {"a [amd64]", "a <!nocheck>", "a (>= )", "a (1.0)", "a (>= 1.0", "a |", "a b", "a:", "(>= 1)"}) {
    EXPECT_THROW(parse_dependencies(field), Error) << field;
  }
}

}  // namespace
}  // namespace mlbuild::debian
