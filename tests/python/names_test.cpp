#include "mlbuild/python/names.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::python {
namespace {

using ::testing::ElementsAre;

// PEP 503, "Normalized Names".
TEST(Names, NormalisesAsPep503) {
  for (const char* spelling : {"friendly-bard", "Friendly-Bard", "FRIENDLY-BARD", "friendly.bard", "friendly_bard",
                               "friendly--bard", "FrIeNdLy-._.-bArD"}) {
    EXPECT_EQ(normalize_name(spelling), "friendly-bard") << spelling;
  }
}

TEST(Names, OnlyPep508IdentifiersAreValid) {
  for (const char* name : {"a", "A.B-C_d9", "0"}) EXPECT_TRUE(is_valid_name(name)) << name;
  for (const char* name : {"", "-a", "a-", ".", "a/b", "a b", "na\xC3\xAFve", "a\n"})
    EXPECT_FALSE(is_valid_name(name)) << name;
}

TEST(WheelFilename, SplitsCompressedTagSets) {
  const auto wheel = WheelFilename::parse("uv-0.1-1a-py2.py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
  EXPECT_EQ(wheel.distribution, "uv");
  EXPECT_EQ(wheel.version, "0.1");
  EXPECT_EQ(wheel.build_tag, "1a");
  EXPECT_THAT(wheel.python_tags, ElementsAre("py2", "py3"));
  EXPECT_THAT(wheel.abi_tags, ElementsAre("none"));
  EXPECT_THAT(wheel.platform_tags, ElementsAre("manylinux_2_17_x86_64", "manylinux2014_x86_64"));
}

TEST(WheelFilename, RefusesWhatIsNoWheelName) {
  for (const char* name : {"", ".whl", "a-1-py3-none.whl", "a-1-x-py3-none-any.whl", "../a-1-py3-none-any.whl",
                           "a/b-1-py3-none-any.whl", "a-1-py3-none-any.zip", "a-1-py3--any.whl",
                           "a-one-py3-none-any.whl", "a-1-py3-none-a\nny.whl", "a-1-2-3-py3-none-any.whl"}) {
    EXPECT_THROW(WheelFilename::parse(name), Error) << name;
  }
  EXPECT_THROW(WheelFilename::parse(std::string(100000, 'a') + "-1-py3-none-any.whl"), Error);
}

TEST(SdistFilename, TakesTheLastDash) {
  const auto sdist = SdistFilename::parse("antlr4-python3-runtime-4.9.3.tar.gz");
  ASSERT_TRUE(sdist);
  EXPECT_EQ(sdist->distribution, "antlr4-python3-runtime");
  EXPECT_EQ(sdist->version, "4.9.3");
}

TEST(SdistFilename, OtherFilesAreNone) {
  for (const char* name : {"a-1.zip", "a.tar.gz", "a-b.tar.gz", "../a-1.tar.gz", "a-1-py3-none-any.whl"})
    EXPECT_FALSE(SdistFilename::parse(name)) << name;
}

}  // namespace
}  // namespace mlbuild::python
