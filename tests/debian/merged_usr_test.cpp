#include "mlbuild/debian/merged_usr.hpp"

#include <gtest/gtest.h>

namespace mlbuild::debian {
namespace {

TEST(MergedUsr, PathsBelowALinkMoveBehindIt) {
  EXPECT_EQ(merged_usr_path("bin/sh"), "usr/bin/sh");
  EXPECT_EQ(merged_usr_path("lib64/ld-linux-x86-64.so.2"), "usr/lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(merged_usr_path("lib/x86_64-linux-gnu/libc.so.6"), "usr/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_EQ(merged_usr_path("sbin"), "usr/sbin");
  EXPECT_EQ(merged_usr_path("var/run/dbus"), "run/dbus");
  EXPECT_EQ(merged_usr_path("var/lock"), "run/lock");
}

TEST(MergedUsr, OtherPathsStay) {
  for (const char* path : {"usr/bin/sh", "library/x", "libexec", "binary", "var/runner", "etc/lib/x", "opt/bin/x"}) {
    EXPECT_EQ(merged_usr_path(path), path);
  }
}

TEST(MergedUsr, KnowsTheLinksThemselves) {
  EXPECT_TRUE(is_merged_link("lib64"));
  EXPECT_TRUE(is_merged_link("var/run"));
  EXPECT_FALSE(is_merged_link("usr/lib"));
}

}  // namespace
}  // namespace mlbuild::debian
