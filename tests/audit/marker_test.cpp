#include "marker.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

bool holds(const std::string& marker, const std::string& extra = "") {
  auto environment = linux_markers("3.11", "x86_64");
  environment["extra"] = extra;
  return marker_holds(marker, environment);
}

TEST(Marker, ReadsPep508) {  // PEP 508, "Environment Markers"
  EXPECT_TRUE(holds("python_version >= '3.8' and platform_system == \"Linux\""));
  EXPECT_FALSE(holds("sys_platform == 'win32' or python_version < '3.11'"));
  EXPECT_TRUE(holds("python_version > '3.9'"));  // as versions, not as text
  EXPECT_TRUE(holds("(os_name == 'nt' or os_name == 'posix') and platform_machine in 'x86_64 amd64'"));
  EXPECT_FALSE(holds("platform_machine not in 'x86_64 amd64'"));
}

TEST(Marker, AnExtraCountsWhenItIsAskedFor) {
  EXPECT_FALSE(holds("extra == 'dev'"));
  EXPECT_TRUE(holds("extra == 'my.Dev'", "my-dev"));
  EXPECT_FALSE(holds("python_version < '3' and extra == 'dev'", "dev"));
}

TEST(Marker, WhatCannotBeReadHolds) {
  EXPECT_TRUE(holds("python_version >="));
  EXPECT_TRUE(holds("colour == 'blue'"));
  EXPECT_TRUE(holds(std::string(1000, '(')));
}

}  // namespace
}  // namespace mlbuild
