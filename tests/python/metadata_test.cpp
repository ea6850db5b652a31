#include "mlbuild/base/error.hpp"
#include "mlbuild/python/wheel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::python {
namespace {

using ::testing::ElementsAre;

TEST(Metadata, ReadsTheFieldsBeforeTheBody) {
  const auto metadata = Metadata::parse(
      "Metadata-Version: 2.1\r\nName: Toy_Pack\r\nVersion: 1.0\r\nrequires-python: >=3.8\r\nRequires-Dist: numpy "
      "(>=1)\r\n"
      "Requires-Dist: pandas ; extra == 'x'\r\nProvides-Extra: x\r\nLicense: MIT\r\n  License\r\n\r\nName: body\r\n");
  EXPECT_EQ(metadata.name, "Toy_Pack");
  EXPECT_EQ(metadata.version, "1.0");
  EXPECT_EQ(metadata.requires_python, ">=3.8");
  EXPECT_THAT(metadata.requires_dist, ElementsAre("numpy (>=1)", "pandas ; extra == 'x'"));
  EXPECT_THAT(metadata.provides_extra, ElementsAre("x"));
  EXPECT_EQ(metadata.license, "MIT\nLicense");
}

TEST(Metadata, RefusesContradictionsAndGaps) {
  for (const char* text :
       {"", "Name: a\n", "Version: 1\n", "Name: a\nName: b\nVersion: 1\n", "Name: ../a\nVersion: 1\n", "nonsense\n",
        " leading\n", "Name: a\nVersion: 1\nVersion: 2\n", ": x\n"}) {
    EXPECT_THROW(Metadata::parse(text), Error) << text;
  }
}

TEST(WheelFile, ReadsTagsAndPurelib) {
  const auto wheel =
      WheelFile::parse("Wheel-Version: 1.0\nRoot-Is-Purelib: False\nTag: py2-none-any\nTag: py3-none-any\nBuild: 2\n");
  EXPECT_EQ(wheel.wheel_version, "1.0");
  EXPECT_FALSE(wheel.root_is_purelib);
  EXPECT_THAT(wheel.tags, ElementsAre("py2-none-any", "py3-none-any"));
  EXPECT_EQ(wheel.build, "2");
  EXPECT_TRUE(WheelFile::parse("Wheel-Version: 1.0\nRoot-Is-Purelib: TRUE\n").root_is_purelib);
}

TEST(WheelFile, RefusesWhatHasNoVersionOrTwo) {
  for (const char* text : {"", "Root-Is-Purelib: true\n", "Wheel-Version: 1.0\nWheel-Version: 2.0\n",
                           "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nRoot-Is-Purelib: false\n"}) {
    EXPECT_THROW(WheelFile::parse(text), Error) << text;
  }
}

}  // namespace
}  // namespace mlbuild::python
