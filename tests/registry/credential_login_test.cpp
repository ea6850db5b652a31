#include "registry/credential_home.hpp"
#include "support/http_server.hpp"

#include "mlbuild/registry/login.hpp"
#include "mlbuild/sys/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::kSecret;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CredentialLoginTest : public testing::Test {
 protected:
  fs::path log_in(const std::string& target, const std::string& user = "me") {
    home_.forget();
    return write_login(home_.options.environment, LoginTarget::parse(target), user, kSecret);
  }
  std::vector<fs::path> log_out(const std::string& target) {
    home_.forget();
    return remove_login(home_.options.environment, LoginTarget::parse(target));
  }
  json content() const { return json::parse(read_text_file(home_.path("run/containers/auth.json"))); }
  static unsigned mode(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }
  template <class Body>
  static Error failure_of(Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      EXPECT_THAT(test::all_text(error), Not(HasSubstr(kSecret)));
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, "none"};
  }
  test::CredentialHome home_;
};

TEST_F(CredentialLoginTest, ALoginIsFoundAgainAndGoneAfterTheLogout) {
  const fs::path file = log_in("reg.example:5000");
  EXPECT_EQ(file, home_.path("run/containers/auth.json"));
  EXPECT_EQ(home_.find("reg.example:5000")->username, "me");
  EXPECT_EQ(home_.find("reg.example:5000")->password, kSecret);
  EXPECT_FALSE(home_.find("reg.example"));
  EXPECT_THAT(log_out("reg.example:5000"), ElementsAre(file));
  EXPECT_FALSE(home_.find("reg.example:5000"));
  EXPECT_THAT(log_out("reg.example:5000"), IsEmpty());
}

TEST_F(CredentialLoginTest, OnlyTheOwnerMayReadTheFile) {
  const fs::path file = log_in("reg.example");
  EXPECT_EQ(mode(file), 0600U);
  EXPECT_EQ(mode(file.parent_path()), 0700U);
  fs::permissions(file, fs::perms::all);
  log_in("reg.example");
  EXPECT_EQ(mode(file), 0600U);
}

TEST_F(CredentialLoginTest, WhatOthersWroteStays) {
  const json before = json::parse(
      R"({"z": [1, {"y": null}], "auths": {"other.example": {"auth": "eDp5", "email": "e"}, "reg.example/ns": {}},
          "credHelpers": {"third.example": "x"}, "a": 1.5})");
  home_.write("run/containers/auth.json", before.dump());
  log_in("reg.example");
  json expected = before;
  expected["auths"]["reg.example"] = content()["auths"]["reg.example"];
  EXPECT_EQ(content(), expected);
  log_out("reg.example");
  EXPECT_EQ(content(), before);
}

TEST_F(CredentialLoginTest, OtherSpellingsOfTheSameRegistryAreReplaced) {
  home_.write("run/containers/auth.json", test::auths("https://index.docker.io/v1/", "old"));
  log_in("https://index.docker.io/v1/", "new");
  EXPECT_EQ(home_.find("docker.io")->username, "new");
  EXPECT_EQ(content()["auths"].size(), 1U);
}

TEST_F(CredentialLoginTest, ANamespaceHasALoginOfItsOwn) {
  log_in("reg.example", "all");
  log_in("reg.example/team", "team");
  EXPECT_EQ(home_.find("reg.example", "team/app")->username, "team");
  EXPECT_EQ(home_.find("reg.example", "app")->username, "all");
  log_out("reg.example/team");
  EXPECT_EQ(home_.find("reg.example", "team/app")->username, "all");
}

TEST_F(CredentialLoginTest, TheFileThatIsNamedIsWrittenAndALinkStaysALink) {
  home_.write("real.json", "{}");
  fs::create_symlink(home_.path("real.json"), home_.path("link.json"));
  home_.set("REGISTRY_AUTH_FILE", home_.path("link.json").string());
  log_in("reg.example");
  EXPECT_TRUE(fs::is_symlink(home_.path("link.json")));
  EXPECT_THAT(read_text_file(home_.path("real.json")), HasSubstr("reg.example"));
}

TEST_F(CredentialLoginTest, ABrokenFileIsLeftAlone) {
  const std::string text = std::string("{\"auths\": {") + kSecret;
  home_.write("run/containers/auth.json", text);
  EXPECT_EQ(failure_of([&] { log_in("reg.example"); }).kind(), ErrorKind::Step);
  EXPECT_EQ(read_text_file(home_.path("run/containers/auth.json")), text);
}

TEST_F(CredentialLoginTest, WhereAHelperIsInChargeNothingIsWritten) {
  home_.write("run/containers/auth.json", R"({"credHelpers": {"reg.example": "gcloud"}})");
  EXPECT_THAT(failure_of([&] { log_in("reg.example"); }).message(), HasSubstr("credential helper `gcloud`"));
  EXPECT_FALSE(content().contains("auths"));
  log_in("other.example");
  EXPECT_TRUE(content().contains("auths"));
}

TEST_F(CredentialLoginTest, WhatIsNoRegistryIsRefused) {
  for (const char* text : {"", "https://", "a b", "user@host", "host?x", "http://https://host"}) {
    EXPECT_EQ(failure_of([&] { log_in(text); }).kind(), ErrorKind::Usage) << text;
  }
}

/// A door that asks for user:pw, by itself or by a token server.
class CredentialCheckTest : public CredentialLoginTest {
 protected:
  enum class Door { Open, Basic, Bearer };

  test::CannedAnswer answer(const test::SeenRequest& request) const {
    const auto found = request.headers.find("authorization");
    const std::string shown = found == request.headers.end() ? "" : found->second;
    const bool knows_password = shown == "Basic dXNlcjpwdw==";  // user:pw
    if (request.target.starts_with("/token")) {
      return knows_password ? test::CannedAnswer{.body = R"({"token": "good"})"} : test::CannedAnswer{.status = 401};
    }
    const bool may_enter = door_ == Door::Open || (door_ == Door::Basic && knows_password) ||
                           (door_ == Door::Bearer && shown == "Bearer good");
    if (request.target != "/v2/") return {.status = 404};
    if (may_enter) return {};
    const std::string challenge =
        door_ == Door::Basic ? "Basic realm=\"r\"" : "Bearer realm=\"" + server_.url("/token") + "\",service=\"s\"";
    return {.status = 401, .headers = {{"WWW-Authenticate", challenge}}};
  }
  LoginCheck check(Door door, const std::string& password) {
    door_ = door;
    RegistryCredential credential;
    credential.username = "user";
    credential.password = password;
    const LoginTarget target{"127.0.0.1:" + std::to_string(server_.port()), ""};
    return check_login(target, credential, *http_, home_.cancellation);
  }

  Door door_ = Door::Open;
  std::unique_ptr<HttpClient> http_ = make_http_client(home_.cancellation);
  test::HttpServer server_{[this](const test::SeenRequest& request) { return answer(request); }};
};

TEST_F(CredentialCheckTest, TheRegistryOrItsTokenServerDecides) {
  for (const Door door : {Door::Basic, Door::Bearer}) {
    EXPECT_EQ(check(door, "pw"), LoginCheck::Accepted);
    EXPECT_EQ(failure_of([&] { check(door, kSecret); }).kind(), ErrorKind::Network);
  }
}

TEST_F(CredentialCheckTest, ARegistryThatAsksNothingIsToldApart) {
  EXPECT_EQ(check(Door::Open, kSecret), LoginCheck::NotAsked);
  for (const test::SeenRequest& request : server_.requests()) EXPECT_FALSE(request.headers.contains("authorization"));
}

}  // namespace
}  // namespace mlbuild
