#include "registry/credential_home.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::auths;
using test::kSecret;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class CredentialHelperTest : public testing::Test {
 protected:
  void use(const std::string& config) {
    home_.forget();
    home_.write("home/.docker/config.json", config);
  }
  /// Answers with the server it was asked for as user.
  void add_telling_helper(const std::string& name, const std::string& prefix = "") {
    home_.add_helper(name, "read server\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"" + prefix +
                               "%s\",\"Secret\":\"" + kSecret + "\"}' \"$server\" \"$server\"\n");
  }
  test::CredentialHome home_;
};

TEST_F(CredentialHelperTest, TheHelperOfTheHostBeatsTheGeneralOneBeatsEntries) {
  add_telling_helper("one", "one:");
  add_telling_helper("general", "general:");
  const std::string entry =
      R"("auths": {"a.example": {"auth": "dXNlcjpwYXNz"}, "b.example": {"auth": "dXNlcjpwYXNz"}})";
  use(R"({"credHelpers": {"a.example": "one"}, "credsStore": "general", )" + entry + "}");
  EXPECT_EQ(home_.find("a.example")->username, "one:a.example");
  EXPECT_EQ(home_.find("b.example")->username, "general:b.example");
  use("{" + entry + "}");
  EXPECT_EQ(home_.find("a.example")->username, "user");
}

TEST_F(CredentialHelperTest, TellsWhereTheAnswerComesFrom) {
  add_telling_helper("one");
  use(R"({"credHelpers": {"a.example": "one"}})");
  const auto found = home_.find("a.example");
  EXPECT_EQ(found->password, kSecret);
  EXPECT_THAT(found->origin, AllOf(HasSubstr("config.json"), HasSubstr("credential helper `docker-credential-one`")));
}

TEST_F(CredentialHelperTest, DockerHubIsAskedForByItsOldAddress) {
  add_telling_helper("store");
  use(R"({"credsStore": "store"})");
  EXPECT_EQ(home_.find("docker.io")->username, "https://index.docker.io/v1/");
  EXPECT_EQ(home_.find("registry-1.docker.io")->username, "https://index.docker.io/v1/");
}

TEST_F(CredentialHelperTest, TheUserTokenMeansAnIdentityToken) {
  home_.add_helper("acr", "echo '{\"Username\":\"<token>\",\"Secret\":\"refresh\"}'\n");
  use(R"({"credsStore": "acr"})");
  const auto found = home_.find("a.example");
  EXPECT_EQ(found->identity_token, "refresh");
  EXPECT_EQ(found->username + found->password + found->registry_token, "");
}

TEST_F(CredentialHelperTest, NotFoundIsNoErrorAndEntriesAreLookedAt) {
  home_.add_helper("empty", "echo credentials not found in native keychain\nexit 1\n");
  use(R"({"credsStore": "empty"})");
  EXPECT_FALSE(home_.find("a.example"));
  EXPECT_THAT(home_.source().tried("a.example"), Contains(HasSubstr("credential helper `empty`: knows nothing")));
  use(R"({"credsStore": "empty", "auths": {"a.example": {"auth": "dXNlcjpwYXNz"}}})");
  EXPECT_EQ(home_.find("a.example")->username, "user");
}

TEST_F(CredentialHelperTest, AnEmptyAnswerMeansNothing) {
  home_.add_helper("blank", "echo '{\"ServerURL\":\"\",\"Username\":\"\",\"Secret\":\"\"}'\n");
  use(R"({"credsStore": "blank"})");
  EXPECT_FALSE(home_.find("a.example"));
}

TEST_F(CredentialHelperTest, AnswersAreKeptForAWhile) {
  add_telling_helper("one");
  use(R"({"credsStore": "one"})");
  home_.find("a.example", "x");
  home_.find("a.example", "y");
  EXPECT_EQ(home_.runs("one"), 1);
  home_.pass(std::chrono::minutes(6));
  home_.find("a.example", "x");
  EXPECT_EQ(home_.runs("one"), 2);
}

TEST_F(CredentialHelperTest, AFailureIsAnErrorWithItsWords) {
  home_.add_helper("sad", "echo the keychain is locked >&2\nexit 3\n");
  use(R"({"credsStore": "sad", "auths": {"a.example": {"auth": "dXNlcjpwYXNz"}}})");
  EXPECT_THAT(home_.failure("a.example"), AllOf(HasSubstr("docker-credential-sad"), HasSubstr("ended with 3"),
                                                HasSubstr("the keychain is locked")));
}

TEST_F(CredentialHelperTest, ASecretOnStdoutIsNeverShown) {
  home_.add_helper("leaky", std::string("echo '{\"Secret\":\"") + kSecret + "\"}'\nexit 1\n");
  use(R"({"credsStore": "leaky"})");
  EXPECT_THAT(home_.failure("a.example"), HasSubstr("ended with 1"));
  home_.add_helper("leaky", std::string("echo '{\"Secret\":\"") + kSecret + "\"'\n");
  EXPECT_THAT(home_.failure("a.example"), HasSubstr("no valid JSON"));
}

TEST_F(CredentialHelperTest, AHelperThatHangsIsEnded) {
  home_.options.helper_deadline = std::chrono::milliseconds(200);
  home_.add_helper("slow", "exec sleep 60\n");
  use(R"({"credsStore": "slow"})");
  EXPECT_THAT(home_.failure("a.example"), HasSubstr("did not answer in 200 ms"));
}

TEST_F(CredentialHelperTest, AMissingHelperIsAnError) {
  use(R"({"credsStore": "gone"})");
  EXPECT_THAT(home_.failure("a.example"), HasSubstr("`docker-credential-gone`, which is not in PATH"));
}

TEST_F(CredentialHelperTest, ANameCannotLeaveThePath) {
  use(R"({"credsStore": "x/../../tmp/evil"})");
  EXPECT_THAT(home_.failure("a.example"), HasSubstr("no name of a program"));
}

TEST_F(CredentialHelperTest, HelpersSeeTheEnvironmentWithoutOurSecrets) {
  home_.set("MLBUILD_REGISTRY_HOST", "other.example");
  home_.set("MLBUILD_REGISTRY_USER", "ci");
  home_.set("MLBUILD_REGISTRY_PASSWORD", kSecret);
  home_.set("LANGUAGE", "en");
  home_.add_helper(
      "env", "echo \"{\\\"Username\\\":\\\"$LANGUAGE-$MLBUILD_REGISTRY_PASSWORD\\\",\\\"Secret\\\":\\\"x\\\"}\"\n");
  use(R"({"credsStore": "env"})");
  EXPECT_EQ(home_.find("a.example")->username, "en-");
}

}  // namespace
}  // namespace mlbuild
