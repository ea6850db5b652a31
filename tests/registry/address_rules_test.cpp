#include "../../src/registry/address_rules.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

void check(const char* target, const char* registry) {
  check_named_server(Url::parse(target), Url::parse(registry), "the token server");
}

TEST(AddressRules, KnowsPrivateAndLinkLocalLiteralsInAllTheirSpellings) {
  for (const char* host : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "127.0.0.1",
                           "0.0.0.0", "100.64.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "10.1", "[::1]", "[::]",
                           "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a9fe:a9fe]"}) {
    EXPECT_TRUE(is_local_literal(host)) << host;
  }
  for (const char* host : {"8.8.8.8", "172.32.0.1", "192.169.0.1", "registry.example", "localhost", "10.example",
                           "[2001:db8::1]", "[::ffff:8.8.8.8]"}) {
    EXPECT_FALSE(is_local_literal(host)) << host;
  }
}

TEST(AddressRules, LoopbackIsWhatThisMachineCallsItself) {
  for (const char* host : {"localhost", "127.0.0.1", "127.8.9.1", "[::1]"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"localhost.example", "10.0.0.1", "[::2]"}) EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(AddressRules, AnEncryptedRegistryNamesEncryptedServersOnly) {
  EXPECT_THROW(check("http://auth.example/token", "https://registry.example"), Error);
  EXPECT_NO_THROW(check("https://auth.example/token", "https://registry.example"));
  EXPECT_NO_THROW(check("http://auth.example/token", "http://registry.example"));
}

TEST(AddressRules, NoRegistryLeadsIntoThePrivateNetwork) {
  EXPECT_THROW(check("https://169.254.169.254/token", "https://registry.example"), Error);
  EXPECT_THROW(check("https://10.0.0.9/token", "https://10.0.0.8"), Error);
  EXPECT_THROW(check("https://10.0.0.8:444/token", "https://10.0.0.8"), Error);
  EXPECT_THROW(check("file:///etc/passwd", "https://registry.example"), Error);
  EXPECT_NO_THROW(check("https://10.0.0.8/token", "https://10.0.0.8"));
  EXPECT_NO_THROW(check("http://127.0.0.1:5001/token", "http://127.0.0.1:5000"));
}

}  // namespace
}  // namespace mlbuild
