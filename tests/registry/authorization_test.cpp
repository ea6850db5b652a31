#include "registry/client_fixture.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace mlbuild::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Login = RegistryManners::Login;

class Authorization : public RegistryClientTest {};

TEST_F(Authorization, BasicIsShownOnEveryRequestOnceItIsAskedFor) {
  start({.login = Login::Basic}, login("user", "pw"));
  push("one");
  push("two");
  std::size_t without = 0;
  for (const SeenRequest& request : registry_->server().requests())
    without += request.headers.contains("authorization") ? 0 : 1;
  EXPECT_EQ(without, 2U);  // the first look, and the first request
}

TEST_F(Authorization, WrongPasswordIsToldAfterOneTry) {
  start({.login = Login::Basic}, login("user", "secret-wrong"));
  const Error error = failure_of([&] { push("one"); });
  EXPECT_THAT(text_of(error), AllOf(HasSubstr("wants a login"), HasSubstr("mlbuild login " + registry_->host()),
                                    HasSubstr("the test's credential"), Not(HasSubstr("secret-wrong"))));
  EXPECT_LE(registry_->count("POST"), 4U);
}

TEST_F(Authorization, BearerAsksForWhatIsNeededAndWhatTheChallengeNames) {
  start({.login = Login::Bearer}, login("user", "pw"));
  push("one");
  EXPECT_THAT(registry_->token_requests(),
              ElementsAre("GET service=fake&scope=repository:team/app:pull,push&client_id=mlbuild"));
  for (const SeenRequest& request : registry_->server().requests()) {
    if (request.target.starts_with("/token")) {
      EXPECT_EQ(request.headers.at("authorization"), "Basic dXNlcjpwdw==");
    }
  }
}

TEST_F(Authorization, OneTokenServesTheWholePush) {
  start({.login = Login::Bearer}, login("user", "pw"));
  for (const char* content : {"one", "two", "three"}) push(content);
  EXPECT_EQ(registry_->token_requests().size(), 1U);
}

TEST_F(Authorization, AMountAsksForBothRepositoriesInOneToken) {
  start({.login = Login::Bearer}, login("user", "pw"));
  registry_->add_blob("team/base", "one");
  EXPECT_EQ(push("one", {"team/base"}), BlobPush::Mounted);
  EXPECT_THAT(registry_->token_requests().back(),
              HasSubstr("scope=repository:team/app:pull,push&scope=repository:team/base:pull"));
}

TEST_F(Authorization, WithoutCredentialsAnAnonymousTokenIsAskedFor) {
  start({.login = Login::Bearer});
  EXPECT_FALSE(client_->fetch_manifest("team/app", "1"));
  EXPECT_THAT(registry_->token_requests(), ElementsAre(HasSubstr("scope=repository:team/app:pull&")));
  EXPECT_FALSE(registry_->server().requests()[2].headers.contains("authorization"));
}

TEST_F(Authorization, ATokenThatIsRefusedIsRenewedOnce) {
  start({.login = Login::Bearer}, login("user", "pw"));
  push("one");
  registry_->expire_tokens();
  EXPECT_EQ(push("two"), BlobPush::Sent);
  EXPECT_EQ(registry_->token_requests().size(), 2U);
}

TEST_F(Authorization, ATokenThatExpiresInThePutRestartsThatBlob) {
  start({.login = Login::Bearer}, login("user", "pw"));
  BlobToPush one = blob("one");
  int opened = 0;
  one.open = [&, open = one.open] {
    if (++opened == 1) registry_->expire_tokens();
    return open();
  };
  EXPECT_EQ(client_->push_blob("team/app", one, nullptr), BlobPush::Sent);
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(registry_->token_requests().size(), 2U);
}

TEST_F(Authorization, ATokenIsRenewedBeforeItExpires) {
  start({.login = Login::Bearer, .token_seconds = 1}, login("user", "pw"));
  push("one");
  std::this_thread::sleep_for(std::chrono::milliseconds(850));
  const std::size_t refused_before = registry_->count("POST");
  push("two");
  EXPECT_EQ(registry_->token_requests().size(), 2U);
  EXPECT_EQ(registry_->count("POST"), refused_before + 1);  // no 401 between
}

TEST_F(Authorization, ARefusedLoginNamesTheTokenServer) {
  start({.login = Login::Bearer}, login("user", "wrong"));
  const Error error = failure_of([&] { push("one"); });
  EXPECT_THAT(text_of(error), AllOf(HasSubstr("incorrect username or password"), HasSubstr("asking `127.0.0.1"),
                                    HasSubstr("mlbuild login")));
  EXPECT_EQ(registry_->token_requests().size(), 1U);
}

TEST_F(Authorization, AnIdentityTokenGoesByPostAndElseByGet) {
  start({.login = Login::Bearer}, identity("id/+tok"));
  push("one");
  EXPECT_THAT(registry_->token_requests(), ElementsAre("POST grant_type=refresh_token&service=fake&client_id=mlbuild&"
                                                       "scope=repository:team/app:pull,push&refresh_token=id/+tok"));
  start({.login = Login::Bearer, .identity_tokens_by_post = false}, identity("id"));
  push("one");
  EXPECT_EQ(registry_->token_requests().size(), 2U);
  EXPECT_THAT(registry_->token_requests().back(), HasSubstr("GET "));
}

TEST_F(Authorization, ARegistryTokenIsShownAsItIs) {
  start({.login = Login::Bearer}, ready_token("given"));
  const Error error = failure_of([&] { push("one"); });
  EXPECT_THAT(error.message(), HasSubstr("wants a login"));
  EXPECT_EQ(registry_->server().requests().back().headers.at("authorization"), "Bearer given");
  EXPECT_TRUE(registry_->token_requests().empty());
}

TEST_F(Authorization, ATokenServerElsewhereInTheNetworkIsRefused) {
  start({.login = Login::Bearer, .realm = "file:///etc/passwd"}, login("user", "pw"));
  EXPECT_THAT(failure_of([&] { push("one"); }).message(), HasSubstr("refused"));
}

TEST_F(Authorization, AChallengeThatNobodyUnderstandsIsA401) {
  for (const char* challenge : {"Negotiate", "Bearer", "=,=", "Digest realm=x"}) {
    start({.login = Login::Bearer, .challenge = challenge}, login("user", "pw"));
    EXPECT_THAT(failure_of([&] { push("one"); }).message(), HasSubstr("401")) << challenge;
  }
}

TEST_F(Authorization, ManyThreadsAskForOneToken) {
  start({.login = Login::Bearer}, login("user", "pw"));
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) threads.emplace_back([&, i] { push("content " + std::to_string(i)); });
  }
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(registry_->has_blob("team/app", "content " + std::to_string(i)));
  EXPECT_EQ(registry_->token_requests().size(), 1U);
}

}  // namespace
}  // namespace mlbuild::test
