#include "mlbuild/debian/base_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

TEST(BaseSet, EveryBaseHasInterpreterCertificatesZonesAndLibstdcxx) {
  for (const bool slim : {true, false}) {
    const BaseSet set = base_set(slim, "3.11");
    for (const char* name :
         {"python3.11", "ca-certificates", "tzdata", "netbase", "libstdc++6", "base-files", "base-passwd"}) {
      EXPECT_THAT(set.wanted, Contains(name));
    }
    EXPECT_THAT(set.wanted, Not(Contains("python3"))) << "python3-minimal would bring dpkg";
    EXPECT_THAT(set.wanted, Not(Contains("apt")));
  }
}

TEST(BaseSet, OnlySlimHasAShell) {
  EXPECT_THAT(base_set(true, "3.11").wanted, Contains("bash"));
  EXPECT_THAT(base_set(true, "3.11").wanted, Contains("usr-is-merged"));
  EXPECT_THAT(base_set(false, "3.11").wanted, Not(Contains("dash")));
}

TEST(BaseSet, AnInterpreterAloneNeedsNeitherZonesNorCertificates) {
  const BaseSet set = interpreter_set("3.11");
  EXPECT_THAT(set.wanted, ElementsAre("base-files", "base-passwd", "libstdc++6", "python3.11"));
  EXPECT_EQ(set.dropped, base_set(false, "3.11").dropped);
}

TEST(BaseSet, NothingIsBothWantedAndDropped) {
  for (const BaseSet& set : {base_set(true, "3.11"), base_set(false, "3.11"), interpreter_set("3.11")}) {
    for (const std::string& name : set.dropped) EXPECT_THAT(set.wanted, Not(Contains(name)));
  }
}

TEST(BaseSet, DroppedLibrariesAreNotInstallTools) {
  EXPECT_TRUE(is_install_tool("dpkg"));
  EXPECT_TRUE(is_install_tool("debconf"));
  EXPECT_FALSE(is_install_tool("libselinux1"));
}

}  // namespace
}  // namespace mlbuild::debian
