#include "registry/credential_home.hpp"
#include "registry/google_double.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/registry/client.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace mlbuild {
namespace {

using test::GoogleDouble;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kRegistry = "europe-docker.pkg.dev";

class GoogleCredentialsTest : public testing::Test {
 protected:
  void use(const std::string& file) {
    home_.forget();
    home_.set("GOOGLE_APPLICATION_CREDENTIALS", home_.write("google.json", file));
  }
  std::string token() {
    const auto found = home_.find(kRegistry);
    if (!found) return "nothing";
    EXPECT_EQ(found->username, "oauth2accesstoken");
    EXPECT_EQ(found->identity_token + found->registry_token, "");
    return found->password;
  }
  std::string subject_file(const std::string& text) { return home_.write("subject", text); }
  void allow_executables() { home_.set("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1"); }
  std::string executable_source(const std::string& script, const std::string& output_file = "") {
    const std::string program = home_.write("bin/subject-token", "#!/bin/sh\n" + script);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return fmt::format(R"({{"executable": {{"command": "{} --flag", "output_file": "{}"}}}})", program, output_file);
  }

  test::CredentialHome home_;
  GoogleDouble google_{[this] { return home_.now(); }};
};

TEST_F(GoogleCredentialsTest, AServiceAccountSignsItsAssertion) {
  use(google_.service_account());
  EXPECT_THAT(token(), StartsWith("ya29.jwt-1-"));
  EXPECT_THAT(home_.find(kRegistry)->origin, HasSubstr(GoogleDouble::kEmail));
}

TEST_F(GoogleCredentialsTest, AKeyThatGoogleDoesNotKnowIsRefusedWithItsWords) {
  use(google_.service_account(GoogleDouble::other_key()));
  const std::string text = home_.failure(kRegistry);
  EXPECT_THAT(text, AllOf(HasSubstr("invalid_grant: Invalid JWT Signature. in ***"), HasSubstr(GoogleDouble::kEmail),
                          HasSubstr("looking for credentials for `europe-docker.pkg.dev`")));
}

TEST_F(GoogleCredentialsTest, ABrokenKeyIsNamedAndNotQuoted) {
  for (const std::string& key : {std::string("s3cr3t-canary"), google_.private_key().substr(0, 400) + "s3cr3t-canary",
                                 std::string("-----BEGIN ENCRYPTED PRIVATE KEY-----\ns3cr3t-canary\n")}) {
    use(google_.service_account(key));
    EXPECT_THAT(home_.failure(kRegistry), AllOf(HasSubstr("`private_key` is no RSA key"), Not(HasSubstr("BEGIN"))));
  }
}

TEST_F(GoogleCredentialsTest, ATokenIsUsedUntilFourFifthsOfItsLife) {
  use(google_.service_account());
  const std::string first = token();
  home_.pass(std::chrono::seconds(2870));
  EXPECT_EQ(home_.find("gcr.io", "other/app")->password, first);
  home_.pass(std::chrono::seconds(20));
  EXPECT_THAT(token(), StartsWith("ya29.jwt-2-"));
}

TEST_F(GoogleCredentialsTest, ALoginOfAUserIsRefreshed) {
  use(google_.authorized_user());
  EXPECT_THAT(token(), StartsWith("ya29.refresh-1-"));
}

TEST_F(GoogleCredentialsTest, ARefusedRefreshTokenIsNotRepeatedAndNotRetried) {
  use(google_.authorized_user("1//revoked-s3cr3t-canary"));
  EXPECT_THAT(home_.failure(kRegistry),
              AllOf(HasSubstr("400 invalid_grant: bad token ***"), HasSubstr("log in again")));
  EXPECT_EQ(google_.server().count("/token"), 1U);
}

TEST_F(GoogleCredentialsTest, ExternalAccountsReadTheirTokenFromAFile) {
  use(google_.external_account(fmt::format(R"({{"file": "{}"}})", subject_file(" subject.s3cr3t-canary\n"))));
  EXPECT_THAT(token(), StartsWith("ya29.sts-1-"));
  use(google_.external_account(
      fmt::format(R"({{"file": "{}", "format": {{"type": "json", "subject_token_field_name": "t"}}}})",
                  subject_file(R"({"t": "subject.s3cr3t-canary"})"))));
  EXPECT_THAT(token(), StartsWith("ya29.sts-2-"));
}

TEST_F(GoogleCredentialsTest, TheTokenFileIsReadAgainForEachToken) {
  use(google_.external_account(fmt::format(R"({{"file": "{}"}})", subject_file("subject.s3cr3t-canary"))));
  token();
  subject_file("stale.s3cr3t-canary");
  home_.pass(std::chrono::hours(1));
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("400 invalid_grant: ***"));
}

TEST_F(GoogleCredentialsTest, ExternalAccountsAskAUrl) {
  const std::string source = R"({{"url": "{}", "headers": {{"X-Caller": "{}"}},
                                  "format": {{"type": "json", "subject_token_field_name": "id_token"}}}})";
  use(google_.external_account(fmt::format(fmt::runtime(source), google_.url("/subject"), "caller-s3cr3t-canary")));
  EXPECT_THAT(token(), StartsWith("ya29.sts-1-"));
  use(google_.external_account(fmt::format(fmt::runtime(source), google_.url("/subject"), "other-s3cr3t-canary")));
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("403 denied: ***"));
}

TEST_F(GoogleCredentialsTest, ExternalAccountsRunAProgramIfAllowed) {
  const std::string source = executable_source(
      "test \"$1$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE\" = --flag0 || exit 7\n"
      "test \"$GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE\" = urn:ietf:params:oauth:token-type:jwt || exit 8\n"
      "echo '{\"version\": 1, \"success\": true, \"id_token\": \"subject.s3cr3t-canary\",'\n"
      "echo '\"token_type\": \"urn:ietf:params:oauth:token-type:jwt\", \"expiration_time\": 4102444800}'\n");
  use(google_.external_account(source));
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1"));
  allow_executables();
  home_.forget();
  EXPECT_THAT(token(), StartsWith("ya29.sts-1-"));
}

TEST_F(GoogleCredentialsTest, AnOutputFileSavesARunWhileItsTokenIsGood) {
  allow_executables();
  const auto output = [](std::int64_t end) {
    return fmt::format(
        R"({{"version": 1, "success": true, "id_token": "subject.s3cr3t-canary", "expiration_time": {}}})", end);
  };
  use(google_.external_account(executable_source("exit 9\n", home_.write("out.json", output(4102444800)))));
  EXPECT_THAT(token(), StartsWith("ya29.sts-1-"));
  home_.forget();
  home_.write("out.json", output(1000));
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("ended with 9"));
}

TEST_F(GoogleCredentialsTest, AProgramThatSaysNoIsHeard) {
  allow_executables();
  use(google_.external_account(executable_source(
      "echo '{\"version\": 1, \"success\": false, \"code\": \"401\", \"message\": \"log in first\"}'\n")));
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("401 log in first"));
}

TEST_F(GoogleCredentialsTest, ExternalAccountsBecomeAServiceAccount) {
  use(google_.external_account(fmt::format(R"({{"file": "{}"}})", subject_file("subject.s3cr3t-canary")), true));
  EXPECT_THAT(token(), StartsWith("ya29.impersonated-2-"));
  EXPECT_THAT(google_.given(), ElementsAre("sts", "impersonated"));
  EXPECT_THAT(home_.find(kRegistry)->origin, HasSubstr(GoogleDouble::kTarget));
}

TEST_F(GoogleCredentialsTest, ImpersonationStartsFromAnyAccount) {
  use(google_.impersonated(google_.service_account()));
  EXPECT_THAT(token(), StartsWith("ya29.impersonated-delegated-2-"));
  use(google_.impersonated(google_.authorized_user()));
  EXPECT_THAT(token(), StartsWith("ya29.impersonated-delegated-4-"));
}

TEST_F(GoogleCredentialsTest, ImpersonationsDoNotNestWithoutEnd) {
  std::string file = google_.service_account();
  for (int depth = 0; depth < 5; ++depth) file = google_.impersonated(file);
  use(file);
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("nested too deeply"));
}

TEST_F(GoogleCredentialsTest, TheMetadataServerIsTheLastPlace) {
  home_.set("GCE_METADATA_HOST", google_.host());
  EXPECT_THAT(token(), StartsWith("ya29.metadata-1-"));
  EXPECT_THAT(home_.source().tried(kRegistry), Contains(HasSubstr("metadata server `127.0.0.1")));
  home_.write("home/.config/gcloud/application_default_credentials.json", google_.authorized_user());
  home_.forget();
  EXPECT_THAT(token(), StartsWith("ya29.refresh-2-"));
  use(google_.service_account());
  EXPECT_THAT(token(), StartsWith("ya29.jwt-3-"));
}

/// A server at the address of the metadata server: what find() says about it.
class MetadataAddressTest : public GoogleCredentialsTest {
 protected:
  std::string what_is_found(const std::string& address) {
    home_.options.environment.erase("NO_GCE_CHECK");
    home_.set("GCE_METADATA_IP", address);
    home_.forget();
    const std::string found = token();
    return home_.source().tried(kRegistry).back() + " " + found;
  }
  std::string what_is_found(test::CannedAnswer answer) {
    const test::HttpServer server([answer](const test::SeenRequest&) { return answer; });
    return what_is_found("127.0.0.1:" + std::to_string(server.port()));
  }
};

TEST_F(MetadataAddressTest, AMachineOfGoogleIsRecognised) {
  EXPECT_THAT(what_is_found(google_.host()), HasSubstr("used ya29.metadata-1-"));
}

TEST_F(MetadataAddressTest, AMachineWithoutAnAccountIsAnonymous) {
  const test::CannedAnswer no_account{.status = 404, .headers = {{"Metadata-Flavor", "Google"}}};
  EXPECT_THAT(what_is_found(no_account), HasSubstr("knows no service account of this machine nothing"));
}

TEST_F(MetadataAddressTest, OthersAtThatAddressAreNotAskedForTokens) {
  EXPECT_THAT(what_is_found(test::CannedAnswer{.body = "hello"}), HasSubstr("does not answer nothing"));
  EXPECT_THAT(what_is_found(test::CannedAnswer{.status = 503}), HasSubstr("does not answer nothing"));
  EXPECT_THAT(what_is_found("127.0.0.1:1"), HasSubstr("does not answer nothing"));
}

TEST_F(MetadataAddressTest, SilenceCostsSecondsOnly) {
  const auto begin = std::chrono::steady_clock::now();
  const test::CannedAnswer silence{
      .headers = {{"Metadata-Flavor", "Google"}}, .body = "x", .stall = std::chrono::minutes(1)};
  EXPECT_THAT(what_is_found(silence), HasSubstr("does not answer nothing"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(GoogleCredentialsTest, NoAccountIsAnonymousAndSaysWhatWasTried) {
  EXPECT_EQ(token(), "nothing");
  EXPECT_THAT(home_.source().tried(kRegistry),
              AllOf(Contains("environment variable `GOOGLE_APPLICATION_CREDENTIALS`: not set"),
                    Contains(HasSubstr("application_default_credentials.json`: not there")),
                    Contains("metadata server: not asked, as `NO_GCE_CHECK` says")));
}

TEST_F(GoogleCredentialsTest, OtherHostsAreGooglesOnlyWhenTheCallerSaysSo) {
  use(google_.service_account());
  EXPECT_FALSE(home_.find("127.0.0.1:5000"));
  home_.options.google_hosts.emplace_back("127.0.0.1:5000");
  home_.forget();
  EXPECT_EQ(home_.find("127.0.0.1:5000")->username, "oauth2accesstoken");
  EXPECT_FALSE(home_.find("127.0.0.1:5001"));
}

TEST_F(GoogleCredentialsTest, ARegistryIsShownTheTokenAsAPassword) {
  use(google_.service_account());
  const test::HttpServer registry([](const test::SeenRequest& request) -> test::CannedAnswer {
    const auto shown = request.headers.find("authorization");
    const std::string expected = "Basic " + base64("oauth2accesstoken:ya29.jwt-1-s3cr3t-canary");
    if (shown == request.headers.end()) return {.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
    return shown->second == expected ? test::CannedAnswer{.body = R"({"tags": ["v1"]})"}
                                     : test::CannedAnswer{.status = 403};
  });
  const std::string host = "127.0.0.1:" + std::to_string(registry.port());
  home_.options.google_hosts.push_back(host);
  const auto http = make_http_client(home_.cancellation);
  RegistryClient client(host, *http, home_.source(), home_.cancellation);
  EXPECT_THAT(client.fetch_tags("team/app"), ElementsAre("v1"));
}

TEST_F(GoogleCredentialsTest, TokensAreAskedForOverHttpsOnly) {
  use(R"({"type": "authorized_user", "client_id": "a", "client_secret": "s3cr3t-canary", "refresh_token": "s3cr3t-canary",
          "token_uri": "http://tokens.example/"})");
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("`token_uri` is no https URL"));
}

TEST_F(GoogleCredentialsTest, BrokenFilesSayWhatIsMissing) {
  const std::pair<const char*, const char*> broken[] = {
      {"{}", "`type` is missing"},
      {R"({"type": "gdch_service_account"})", "type `gdch_service_account`"},
      {R"({"type": "service_account", "client_email": "a"})", "`private_key` is missing"},
      {R"({"type": "authorized_user", "client_id": 5})", "`client_id` is no string"},
      {R"({"type": "impersonated_service_account"})", "`source_credentials` is missing"},
      {"s3cr3t-canary", "no valid JSON"},
      {R"({"type": 1e999})", "number that is too large"},
  };
  for (const auto& [text, message] : broken) {
    use(text);
    EXPECT_THAT(home_.failure(kRegistry), AllOf(HasSubstr(message), HasSubstr("google.json")));
  }
  use(google_.external_account(R"({"environment_id": "aws1", "url": "http://127.0.0.1/"})"));
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("AWS are not supported"));
  use(google_.external_account(R"({"url": "file:///etc/hostname"})"));
  EXPECT_THAT(home_.failure(kRegistry), HasSubstr("`url` is neither http nor https"));
}

}  // namespace
}  // namespace mlbuild
