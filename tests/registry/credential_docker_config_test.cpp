#include "../../src/registry/docker_config.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

DockerConfig config(const std::string& auths) {
  return DockerConfig(CredentialRecord::parse(R"({"auths": {)" + auths + "}}", "the file"));
}

std::string entry(const std::string& key, const std::string& user) {
  return "\"" + key + R"(": {"auth": ")" + base64(user + ":pass") + "\"}";
}

std::string user(const DockerConfig& config, const std::string& registry, const std::string& repository) {
  const auto found = config.entry(registry, repository);
  return found ? found->username : "nobody";
}

// The example of containers-auth.json(5).
TEST(DockerConfig, TheLongestNamespaceWins) {
  const DockerConfig file =
      config(entry("my-registry.local/foo/bar/image", "image") + "," + entry("my-registry.local/foo/bar", "bar") + "," +
             entry("my-registry.local/foo", "foo") + "," + entry("my-registry.local", "all"));
  EXPECT_EQ(user(file, "my-registry.local", "foo/bar/image"), "image");
  EXPECT_EQ(user(file, "my-registry.local", "foo/bar/other"), "bar");
  EXPECT_EQ(user(file, "my-registry.local", "foo/barn"), "foo");
  EXPECT_EQ(user(file, "my-registry.local", "food"), "all");
  EXPECT_EQ(user(file, "my-registry.local:443", "foo"), "nobody");
}

TEST(DockerConfig, SchemesPathsAndCaseOfKeysDoNotMatter) {
  for (const char* key : {"https://Reg.Example/v2/", "http://reg.example", "reg.example/", "reg.example/v1/",
                          "https://reg.example/some/page"}) {
    EXPECT_EQ(user(config(entry(key, "me")), "reg.example", "app"), "me") << key;
  }
}

TEST(DockerConfig, DockerHubHasManyNames) {
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"}) {
    EXPECT_EQ(user(config(entry(key, "me")), "docker.io", "library/python"), "me") << key;
    EXPECT_EQ(user(config(entry(key, "me")), "registry-1.docker.io", "library/python"), "me") << key;
  }
}

TEST(DockerConfig, EmptyEntriesArePassedOver) {
  EXPECT_EQ(user(config(R"("reg.example": {},)" + entry("https://reg.example", "me")), "reg.example", "app"), "me");
  EXPECT_EQ(user(config(R"("reg.example": {"auth": ""})"), "reg.example", "app"), "nobody");
}

TEST(DockerConfig, PasswordsMayHoldColons) {
  const auto found = config(R"("r": {"auth": ")" + base64("user:a:b:") + "\"}").entry("r", "app");
  EXPECT_EQ(found->username, "user");
  EXPECT_EQ(found->password, "a:b:");
}

TEST(DockerConfig, KeysOfGooglePassAsTheyAre) {
  const std::string key = R"({"type": "service_account", "private_key": "-----BEGIN\nx"})";
  const auto raw = config(R"("r": {"auth": ")" + base64("_json_key:" + key) + "\"}").entry("r", "app");
  EXPECT_EQ(raw->username, "_json_key");
  EXPECT_EQ(raw->password, key);
  const auto encoded =
      config(R"("r": {"auth": ")" + base64("_json_key_base64:" + base64(key)) + "\"}").entry("r", "app");
  EXPECT_EQ(encoded->username, "_json_key_base64");
  EXPECT_EQ(encoded->password, base64(key));
}

TEST(DockerConfig, TokensBeatThePasswordBesideThem) {
  const std::string auth = R"("auth": ")" + base64("00000000-0000-0000-0000-000000000000:") + "\"";
  const auto identity = config(R"("r": {)" + auth + R"(, "identitytoken": "i"})").entry("r", "app");
  EXPECT_EQ(identity->identity_token, "i");
  EXPECT_EQ(identity->username, "");
  const auto bearer = config(R"("r": {)" + auth + R"(, "identitytoken": "i", "registrytoken": "t"})").entry("r", "app");
  EXPECT_EQ(bearer->registry_token, "t");
  EXPECT_EQ(bearer->identity_token, "");
}

TEST(DockerConfig, AnEmptyHelperTurnsTheGeneralOneOff) {
  const DockerConfig file(
      CredentialRecord::parse(R"({"credHelpers": {"a": ""}, "credsStore": "general"})", "the file"));
  EXPECT_EQ(file.helper("a"), std::nullopt);
  EXPECT_EQ(file.helper("b"), "general");
}

// RFC 4648, 10.
TEST(CredentialBase64, KnownAnswers) {
  const std::pair<std::string, std::string> known[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : known) {
    EXPECT_EQ(base64(plain), coded);
    EXPECT_EQ(decode_base64(coded), plain);
    EXPECT_EQ(decode_base64(coded.substr(0, coded.find('='))), plain);
  }
  EXPECT_EQ(base64_url("\xfb\xff"), "-_8");
  EXPECT_EQ(decode_base64("-_8="), std::nullopt);
  EXPECT_EQ(decode_base64("Zm9vY"), std::nullopt);
  EXPECT_EQ(decode_base64("Zm9v=Zm9v"), std::nullopt);
}

}  // namespace
}  // namespace mlbuild
