#include "marker.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

TEST(MayHold, IsWhatTheMarkerSays) {
  EXPECT_TRUE(may_hold("", {}));
  EXPECT_TRUE(may_hold("platform_system == \"Linux\" and extra == 'dev'", {"3.11", "x86_64", "dev"}));
  EXPECT_FALSE(may_hold("sys_platform == 'win32'", {}));
}

TEST(MayHold, WhatCannotBeReadHolds) {
  for (const std::string& marker :
       {std::string("python_version >="), std::string("colour == 'blue'"), std::string(1000, '(')})
    EXPECT_TRUE(may_hold(marker, {})) << marker;
}

}  // namespace
}  // namespace mlbuild
