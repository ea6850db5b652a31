#include "registry/credential_home.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::auths;
using test::kSecret;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class CredentialChainTest : public testing::Test {
 protected:
  std::string user_for(const std::string& registry, const std::string& repository = "team/app") {
    home_.forget();
    const auto found = home_.find(registry, repository);
    return found ? found->username : "nobody";
  }
  test::CredentialHome home_;
};

TEST_F(CredentialChainTest, NothingSetUpIsAnonymousAndSaysWhereItLooked) {
  EXPECT_FALSE(home_.find("reg.example"));
  EXPECT_THAT(home_.source().tried("reg.example"),
              ElementsAre("environment variable `MLBUILD_REGISTRY_USER`: not set",
                          "environment variable `DOCKER_AUTH_CONFIG`: not set",
                          EndsWith("/run/containers/auth.json`: not there"),
                          EndsWith("/home/.config/containers/auth.json`: not there"),
                          EndsWith("/home/.docker/config.json`: not there")));
}

TEST_F(CredentialChainTest, PlacesAreAskedInTheirOrder) {
  home_.write("home/.docker/config.json", auths("reg.example", "docker"));
  EXPECT_EQ(user_for("reg.example"), "docker");
  home_.write("other/config.json", auths("reg.example", "docker-config"));
  home_.set("DOCKER_CONFIG", home_.path("other").string());
  EXPECT_EQ(user_for("reg.example"), "docker-config");
  home_.write("home/.config/containers/auth.json", auths("reg.example", "config"));
  EXPECT_EQ(user_for("reg.example"), "config");
  home_.write("run/containers/auth.json", auths("reg.example", "runtime"));
  EXPECT_EQ(user_for("reg.example"), "runtime");
  home_.set("REGISTRY_AUTH_FILE", home_.write("named.json", auths("reg.example", "named")));
  EXPECT_EQ(user_for("reg.example"), "named");
  home_.set("DOCKER_AUTH_CONFIG", auths("reg.example", "variable"));
  EXPECT_EQ(user_for("reg.example"), "variable");
  home_.set("MLBUILD_REGISTRY_HOST", "reg.example");
  home_.set("MLBUILD_REGISTRY_USER", "environment");
  home_.set("MLBUILD_REGISTRY_PASSWORD", kSecret);
  EXPECT_EQ(user_for("reg.example"), "environment");
}

TEST_F(CredentialChainTest, AFileWithoutAnEntryLeadsToTheNextOne) {
  home_.write("run/containers/auth.json", auths("other.example", "wrong"));
  home_.write("home/.docker/config.json", auths("reg.example", "right"));
  EXPECT_EQ(user_for("reg.example"), "right");
  EXPECT_THAT(home_.source().tried("reg.example"), AllOf(Contains(HasSubstr("run/containers/auth.json`: no entry")),
                                                         Contains(HasSubstr("config.json`: used"))));
}

TEST_F(CredentialChainTest, ThePasswordOfTheEnvironmentIsForItsHostOnly) {
  home_.set("MLBUILD_REGISTRY_HOST", "reg.example:5000");
  home_.set("MLBUILD_REGISTRY_USER", "ci");
  home_.set("MLBUILD_REGISTRY_PASSWORD", kSecret);
  EXPECT_EQ(user_for("reg.example:5000"), "ci");
  EXPECT_EQ(home_.find("reg.example:5000")->password, kSecret);
  EXPECT_EQ(user_for("reg.example"), "nobody");
  EXPECT_EQ(user_for("docker.io"), "nobody");
}

TEST_F(CredentialChainTest, AUserWithoutAHostIsAnError) {
  home_.set("MLBUILD_REGISTRY_USER", "ci");
  home_.set("MLBUILD_REGISTRY_PASSWORD", kSecret);
  EXPECT_THAT(home_.failure("reg.example"), HasSubstr("`MLBUILD_REGISTRY_HOST` is not set"));
}

TEST_F(CredentialChainTest, AnAuthFileThatIsNamedMustBeThere) {
  home_.set("REGISTRY_AUTH_FILE", home_.path("gone.json").string());
  EXPECT_THAT(home_.failure("reg.example"), AllOf(HasSubstr("gone.json"), HasSubstr("cannot be read")));
}

TEST_F(CredentialChainTest, BrokenFilesAreErrorsThatQuoteNothing) {
  const std::string secret = kSecret;
  const std::vector<std::string> broken = {
      R"({"auths": {"reg.example": {"auth": ")" + secret + "\n\"}}}",
      R"({"auths": )" + secret,
      R"([")" + secret + R"("])",
      std::string(100000, '['),
      R"({"auths": {"reg.example": ")" + secret + R"("}})",
      R"({"auths": ")" + secret + R"("})",
      R"({"auths": {"reg.example": {"auth": ")" + secret + R"(!!"}}})",
      R"({"auths": {"reg.example": {"auth": "czNjcjN0LWNhbmFyeQ=="}}})",
      R"({"credsStore": [")" + secret + R"("]})",
  };
  for (const std::string& text : broken) {
    home_.forget();
    home_.write("home/.docker/config.json", text);
    EXPECT_THAT(home_.failure("reg.example"), HasSubstr("home/.docker/config.json")) << text.substr(0, 200);
  }
}

TEST_F(CredentialChainTest, AHugeFileIsNotRead) {
  home_.write("home/.docker/config.json", std::string((4U << 20U) + 1, ' '));
  EXPECT_THAT(home_.failure("reg.example"), HasSubstr("config.json"));
}

TEST_F(CredentialChainTest, ABrokenEntryOfAnotherRegistryDoesNotDisturb) {
  home_.write("home/.docker/config.json",
              R"({"auths": {"broken.example": {"auth": "!!"}, "reg.example": {"auth": "dXNlcjpwYXNz"}}})");
  EXPECT_EQ(user_for("reg.example"), "user");
}

TEST_F(CredentialChainTest, OnlyAHostOfGoogleLeadsToGoogle) {
  home_.set("GOOGLE_APPLICATION_CREDENTIALS", home_.path("gone.json").string());
  for (const char* other : {"reg.example", "pkg.dev.example", "xgcr.io", "evilpkg.dev", "pkg.dev"}) {
    EXPECT_EQ(user_for(other), "nobody") << other;
  }
  for (const char* google : {"europe-docker.pkg.dev", "gcr.io", "eu.gcr.io", "eu.gcr.io:443"}) {
    home_.forget();
    EXPECT_THAT(home_.failure(google), HasSubstr("gone.json")) << google;
  }
}

TEST_F(CredentialChainTest, FilesBeatGoogle) {
  home_.set("GOOGLE_APPLICATION_CREDENTIALS", home_.path("gone.json").string());
  home_.write("home/.docker/config.json", auths("europe-docker.pkg.dev", "_json_key", "{\\\"type\\\": 1}"));
  EXPECT_EQ(user_for("europe-docker.pkg.dev"), "_json_key");
}

}  // namespace
}  // namespace mlbuild
