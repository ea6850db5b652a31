#include "mlbuild/python/version.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace mlbuild::python {
namespace {

Version version(std::string_view text) { return Version::parse(text).value(); }

// The table in PEP 440, "Summary of permitted suffixes and relative ordering", with epochs and local versions around
// it.
constexpr std::array kOrdered = {"1.dev0",
                                 "1.0.dev456",
                                 "1.0a1",
                                 "1.0a2.dev456",
                                 "1.0a12.dev456",
                                 "1.0a12",
                                 "1.0b1.dev456",
                                 "1.0b2",
                                 "1.0b2.post345.dev456",
                                 "1.0b2.post345",
                                 "1.0rc1.dev456",
                                 "1.0rc1",
                                 "1.0",
                                 "1.0+abc.5",
                                 "1.0+abc.7",
                                 "1.0+5",
                                 "1.0.post456.dev34",
                                 "1.0.post456",
                                 "1.0.15",
                                 "1.1.dev1",
                                 "1!0.1"};

TEST(Version, OrdersAsPep440) {
  for (std::size_t i = 0; i < kOrdered.size(); ++i) {
    for (std::size_t j = 0; j < kOrdered.size(); ++j)
      EXPECT_EQ(version(kOrdered[i]) <=> version(kOrdered[j]), i <=> j) << kOrdered[i] << " and " << kOrdered[j];
  }
}

// PEP 440, "Normalization".
TEST(Version, ReadsEverySpellingAsOneVersion) {
  const std::pair<const char*, const char*> spellings[] = {{"1.1RC1", "1.1rc1"},
                                                           {"00.1", "0.1"},
                                                           {"1.1.a1", "1.1a1"},
                                                           {"1.1-a_1", "1.1a1"},
                                                           {"1.1alpha1", "1.1a1"},
                                                           {"1.1beta2", "1.1b2"},
                                                           {"1.1c3", "1.1rc3"},
                                                           {"1.1preview4", "1.1rc4"},
                                                           {"1.2a", "1.2a0"},
                                                           {"1.2post2", "1.2.post2"},
                                                           {"1.2-r4", "1.2.post4"},
                                                           {"1.2-rev4", "1.2.post4"},
                                                           {"1.2.post", "1.2.post0"},
                                                           {"1.0-1", "1.0.post1"},
                                                           {"1.2dev2", "1.2.dev2"},
                                                           {"1.2.dev", "1.2.dev0"},
                                                           {"1.0+ubuntu-1", "1.0+ubuntu.1"},
                                                           {" v1.0\n", "1.0"},
                                                           {"1.0+007", "1.0+7"}};
  for (const auto& [written, normal] : spellings) EXPECT_EQ(version(written).to_string(), normal);
}

TEST(Version, TrailingZerosDoNotCount) { EXPECT_EQ(version("1.0"), version("1.0.0")); }

TEST(Version, RefusesWhatIsNone) {
  for (const char* text : {"", "a", "1..2", "1.0+", "1.0+a..b", "1.0+\xC3\xA9", "-1", "1 2", "1!", "1.0.", "1.0x",
                           "french toast", "99999999999999999999999", "1.0a99999999999999999999999"}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
  EXPECT_FALSE(Version::parse(std::string(1000, '1')));
}

TEST(Version, KnowsPrereleases) {
  for (const char* text : {"1a1", "1b1", "1rc1", "1.dev0", "1.post1.dev0"})
    EXPECT_TRUE(version(text).is_prerelease()) << text;
  for (const char* text : {"1", "1.post1", "1+local"}) EXPECT_FALSE(version(text).is_prerelease()) << text;
}

struct Case {
  const char* version;
  const char* specifier;
  bool holds;
};

// Examples of PEP 440, "Version specifiers", clause by clause; the rest agrees with packaging.specifiers.
constexpr Case kCases[] = {{"2.2", "~=2.2", true},
                           {"2.9", "~=2.2", true},
                           {"3.0", "~=2.2", false},
                           {"2.1", "~=2.2", false},
                           {"1.4.5a4", "~=1.4.5a4", true},
                           {"1.4.9", "~=1.4.5a4", true},
                           {"1.5", "~=1.4.5a4", false},
                           {"2.3", "~=2.2.post3", true},
                           {"1.1.post1", "==1.1", false},
                           {"1.1.post1", "==1.1.post1", true},
                           {"1.1.post1", "==1.1.*", true},
                           {"1.1a1", "==1.1.*", true},
                           {"1.1", "==1.1.0", true},
                           {"1", "==1.0.*", true},
                           {"1.1+abc", "==1.1", true},
                           {"1.1", "==1.1+abc", false},
                           {"1.1.post1", "!=1.1", true},
                           {"1.1.post1", "!=1.1.*", false},
                           {"1.7.0.post1", ">1.7", false},
                           {"1.7.1", ">1.7", true},
                           {"1.7.0.post3", ">1.7.post2", true},
                           {"1.7+local", ">1.7", false},
                           {"3.1.dev0", "<3.1", false},
                           {"3.1a1", "<3.1", false},
                           {"3.1.dev0", "<3.1rc1", true},
                           {"3.0.9", "<3.1", true},
                           {"1.0+x", "<=1.0", true},
                           {"1.0+x", ">=1.0", true},
                           {"3.11.2", ">=3.8,!=3.9.1,<4", true},
                           {"3.9.1", ">=3.8, !=3.9.1", false},
                           {"1!1.0", "==1.*", false},
                           {"1.0", "===1.0", true},
                           {"1.0", "===1", false},
                           {"1.0", "", true},
                           {"1.0", ">=1,", true}};

TEST(Satisfies, AgreesWithPep440) {
  for (const Case& c : kCases)
    EXPECT_EQ(satisfies(version(c.version), c.specifier), c.holds) << c.version << " " << c.specifier;
}

TEST(Satisfies, RefusesMalformedSpecifiers) {
  for (const char* specifier :
       {"1.0", "=1.0", "=>1", "==", "~=1", ">=1.*", "==1.0a1.*", ">1+local", "==1 2", "===", "^1.0"})
    EXPECT_THROW(satisfies(version("1.0"), specifier), Error) << specifier;
}

}  // namespace
}  // namespace mlbuild::python
