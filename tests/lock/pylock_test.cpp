#include "../../src/lock/pylock.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

const std::string kHex(64, 'a');

std::string file(const std::string& url) { return "{ url = \"" + url + "\", hashes = { sha256 = \"" + kHex + "\" } }"; }

std::string pylock(const std::string& package) {
  return "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\n" + package;
}

TEST(Pylock, ReadsWheelsAndSdists) {
  const auto packages = parse_pylock(pylock("name = \"Toy_B\"\nversion = \"1.0\"\nsdist = " +
                                            file("https://example.com/f/toy_b-1.0.tar.gz") + "\nwheels = [" +
                                            "{ url = \"https://example.com/f/toy_b-1.0%2Bcpu-py3-none-any.whl?x=1\", "
                                            "upload-time = 2024-01-01T00:00:00Z, size = 12, hashes = { sha256 = \"" +
                                            kHex + "\" } }]\n[[packages]]\nname = \"a\"\nversion = \"2\"\nwheels = [" +
                                            file("https://example.com/a-2-py3-none-any.whl") + "]\n"));
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[0].name, "a");
  EXPECT_EQ(packages[1].name, "toy-b");
  EXPECT_EQ(packages[1].wheels[0].filename, "toy_b-1.0+cpu-py3-none-any.whl");
  EXPECT_EQ(packages[1].wheels[0].size_bytes, 12U);
  EXPECT_EQ(packages[1].sdist->filename, "toy_b-1.0.tar.gz");
  EXPECT_FALSE(packages[0].wheels[0].size_bytes);
}

TEST(Pylock, AnEmptyListIsAnAnswer) { EXPECT_TRUE(parse_pylock("lock-version = \"1.0\"\npackages = []\n").empty()); }

TEST(Pylock, RefusesWhatIsNoFileOfAnIndex) {
  const std::string named = "name = \"a\"\nversion = \"1\"\n";
  for (const std::string& package :
       {named + "directory = { path = \".\" }\n", named + "vcs = { type = \"git\", commit-id = \"0\" }\n",
        named + "archive = { url = \"https://example.com/a.zip\" }\n"}) {
    EXPECT_THROW(parse_pylock(pylock(package)), Error) << package;
  }
}

TEST(Pylock, RefusesMalformedFiles) {
  const std::string named = "name = \"a\"\nversion = \"1\"\n";
  for (const std::string& text :
       {std::string("not toml"), std::string("lock-version = \"2.0\"\npackages = []\n"),
        std::string("lock-version = \"1.0\"\n"), std::string("packages = []\n"),
        std::string("lock-version = \"1.0\"\npackages = [1]\n"), pylock("version = \"1\"\n"), pylock("name = \"a\"\n"),
        pylock("name = \"../a\"\nversion = \"1\"\n"), pylock("name = \"a\"\nversion = \"one\"\n"),
        pylock(named + "wheels = [1]\n"), pylock(named + "wheels = [{ url = \"https://example.com/a.whl\" }]\n"),
        pylock(named + "wheels = [" + file("https://example.com/..%2Fa.whl") + "]\n"),
        pylock(named + "wheels = [" + file("nonsense") + "]\n"), pylock(named) + "[[packages]]\n" + named,
        pylock(named + "wheels = [{ url = \"https://example.com/a.whl\", hashes = { sha256 = \"00\" } }]\n"),
        std::string(100000, '[')}) {
    EXPECT_THROW(parse_pylock(text), Error) << text.substr(0, 200);
  }
}

TEST(Pylock, PreferencesAreAPylock) {
  const std::string text = format_preferences({{"a", "1.0"}, {"b", "2.0"}});
  const auto packages = parse_pylock(text);
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[1].version, "2.0");
}

}  // namespace
}  // namespace mlbuild::test
