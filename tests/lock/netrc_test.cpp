#include "../../src/lock/netrc.hpp"

#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

TEST(Netrc, KeepsOnlyTheWantedHosts) {
  EXPECT_EQ(netrc_for_hosts(
                "machine a.example login me password one\nmachine B.example\n  login you\n  password two # three\n"
                "default login x password y\n",
                {"b.example"}),
            "machine B.example\nlogin you\npassword two\n");
}

TEST(Netrc, SkipsMacrosAndComments) {
  EXPECT_EQ(netrc_for_hosts("# machine a login no password no\nmacdef init\nmachine a login no\n\nmachine a login me "
                            "password \"p q\\\"\"\n",
                            {"a"}),
            "machine a\nlogin me\npassword \"p q\\\"\"\n");
}

TEST(Netrc, BrokenFilesGiveNothing) {
  for (const char* text : {"", "machine", "machine a login", "password", "\"unclosed", "machine \"", "macdef"})
    EXPECT_LE(netrc_for_hosts(text, {"a"}).size(), 12U) << text;
}

}  // namespace
}  // namespace mlbuild::test
