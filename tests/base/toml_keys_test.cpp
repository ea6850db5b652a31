#include "mlbuild/base/toml_keys.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

TEST(TomlKeyParts, TheLongestKeyCounts) {
  EXPECT_EQ(toml_key_parts(""), 1U);
  EXPECT_EQ(toml_key_parts("a = 1\n[b.c.d]\ne.f = 2\n"), 3U);
  EXPECT_EQ(toml_key_parts("a = {b.c = 1, d.e.f = 2}"), 3U);
}

TEST(TomlKeyParts, TextAndCommentsAreNoKeys) {
  EXPECT_EQ(toml_key_parts("a = \"b.c.d\" # e.f.g\nh = '''i.j.k'''\n"), 1U);
  EXPECT_EQ(toml_key_parts("'a.b'.c = 1"), 2U);
}

}  // namespace
}  // namespace mlbuild
