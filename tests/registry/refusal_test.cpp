#include "../../src/registry/refusal.hpp"

#include "mlbuild/registry/anonymous_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using testing::HasSubstr;
using testing::Not;

HttpResponse answer(int status, const std::string& body) {
  HttpResponse response;
  response.status = status;
  response.headers["x-mlbuild-error-body"] = body;
  return response;
}

class AskedTwoPlaces final : public CredentialSource {
 public:
  std::optional<RegistryCredential> find(const std::string&, const std::string&) override { return std::nullopt; }
  std::vector<std::string> tried(const std::string&) const override { return {"place one: no entry", "place two"}; }
};

TEST(Refusal, RepeatsWhatTheRegistrySaid) {
  const HttpResponse denied =
      answer(403, R"({"errors":[{"code":"DENIED","message":"quota exceeded"},{"code":"X"},{"message":"why"},7]})");
  EXPECT_EQ(said(denied), "DENIED: quota exceeded; X; why");
  EXPECT_TRUE(has_code(denied, "DENIED"));
  EXPECT_FALSE(has_code(denied, "UNKNOWN"));
}

TEST(Refusal, OtherTextIsShownShortAndPrintable) {
  EXPECT_EQ(said(answer(500, "  bad\x1b[31m day\n")), "bad\\x1b[31m day");
  EXPECT_LE(said(answer(500, std::string(5000, 'x'))).size(), 300U);
  EXPECT_EQ(said(answer(502, "<html>...</html>")), "an HTML page, probably of a proxy");
  EXPECT_EQ(said(answer(500, "")), "");
  EXPECT_EQ(said(answer(500, R"({"errors": 5})")), R"({"errors": 5})");
}

TEST(Refusal, NamesTheLoginAndWhereCredentialsWereLookedFor) {
  const AskedTwoPlaces credentials;
  const Error error = describe_refusal({"reg.example", "team/app", "push"}, answer(401, ""), credentials);
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("registry `reg.example` wants a login to push (401)"));
  EXPECT_THAT(error.hint_text(), HasSubstr("mlbuild login reg.example"));
  EXPECT_THAT(error.hint_text(), HasSubstr("place one: no entry; place two"));
}

TEST(Refusal, EveryStatusHasAWayOut) {
  AnonymousCredentials credentials;
  for (const int status : {400, 401, 403, 404, 405, 409, 413, 415, 500}) {
    const Error error = describe_refusal({"reg.example", "team/app", "push"}, answer(status, "{}"), credentials);
    EXPECT_FALSE(error.hint_text().empty()) << status;
    EXPECT_THAT(error.message(), HasSubstr(std::to_string(status)));
  }
}

}  // namespace
}  // namespace mlbuild
