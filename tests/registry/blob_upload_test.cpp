#include "registry/client_fixture.hpp"

#include <gmock/gmock.h>

namespace mlbuild::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class BlobUpload : public RegistryClientTest {};

TEST_F(BlobUpload, SendsWithOnePostAndOnePutAndKeepsTheSessionsQuery) {
  start({});
  EXPECT_EQ(push("hello"), BlobPush::Sent);
  EXPECT_TRUE(registry_->has_blob("team/app", "hello"));
  EXPECT_THAT(registry_->log(), ElementsAre("GET /v2/", "POST /v2/team/app/blobs/uploads/", "PUT /upload/1"));
  EXPECT_EQ(registry_->server().requests().back().target,
            "/upload/1?state=a%2Fb&x=1&digest=sha256%3A" + digest_of("hello").substr(7));
}

TEST_F(BlobUpload, MountsFromAnotherRepository) {
  start({});
  registry_->add_blob("team/base", "hello");
  EXPECT_EQ(push("hello", {"team/base"}), BlobPush::Mounted);
  EXPECT_TRUE(registry_->has_blob("team/app", "hello"));
  EXPECT_EQ(registry_->count("PUT"), 0U);
}

TEST_F(BlobUpload, UsesTheSessionThatARefusedMountOpens) {
  start({});
  EXPECT_EQ(push("hello", {"team/base"}), BlobPush::Sent);
  EXPECT_EQ(registry_->count("POST"), 1U);
}

TEST_F(BlobUpload, TriesEachRepositoryAndCancelsWhatTheMissesOpened) {
  start({});
  registry_->add_blob("c", "hello");
  EXPECT_EQ(push("hello", {"a", "team/app", "b", "c"}), BlobPush::Mounted);
  EXPECT_EQ(registry_->count("POST"), 3U);
  EXPECT_EQ(registry_->count("DELETE"), 2U);
}

TEST_F(BlobUpload, ARegistryWithoutMountsIsAskedForOneOnce) {
  start({.opens_session_at_mount = false});
  EXPECT_EQ(push("one"), BlobPush::Sent);
  EXPECT_EQ(push("two"), BlobPush::Sent);
  EXPECT_EQ(registry_->count("POST"), 3U);
}

TEST_F(BlobUpload, AMountThatBreaksTheRegistryIsNoFailure) {
  start({.opens_session_at_mount = false, .mount_refusal = 500});
  EXPECT_EQ(push("hello", {"team/base"}), BlobPush::Sent);
  EXPECT_EQ(registry_->count("POST"), 2U);
}

/// A registry that takes the bytes by PATCH. Answers by script and remembers requests with their bodies.
class PatchingRegistry final : public HttpClient {
 public:
  HttpResponse fetch(const HttpRequest& request, const std::function<Sink&(const HttpResponse&)>&) override {
    std::string body;
    if (request.body && request.body->size_bytes > 0) body = as_text(read_all(*request.body->open(), 1000));
    seen.push_back(request.method + " " + request.url + " " + body);
    HttpResponse response;
    response.status = request.method == "PUT" ? 201 : 202;
    response.final_url = request.url;
    response.headers["location"] = "/session/" + std::to_string(seen.size()) + "?s=1";
    return response;
  }
  std::vector<std::string> seen;
};

TEST_F(BlobUpload, PatchesWhereARegistryWantsIt) {
  PatchingRegistry http;
  AnonymousCredentials nobody;
  RegistryClient client("team.jfrog.io", http, nobody, cancellation_);
  EXPECT_EQ(client.push_blob("app", blob("hello"), nullptr), BlobPush::Sent);
  EXPECT_THAT(http.seen, ElementsAre(StartsWith("POST https://team.jfrog.io/v2/app/blobs/uploads/?mount="),
                                     "PATCH https://team.jfrog.io/session/1?s=1 hello",
                                     "PUT https://team.jfrog.io/session/2?s=1&digest=sha256%3A" +
                                         digest_of("hello").substr(7) + " "));
}

TEST_F(BlobUpload, BeginsAnewInAnotherSessionWhenThePutDies) {
  start({.put_answers = {{.status = 503}, {.status = 500}}});
  EXPECT_EQ(push("hello"), BlobPush::Sent);
  EXPECT_EQ(registry_->count("POST"), 3U);
  EXPECT_EQ(registry_->count("PUT"), 3U);
  EXPECT_TRUE(registry_->has_blob("team/app", "hello"));
}

TEST_F(BlobUpload, BeginsAnewWhenTheConnectionIsCut) {
  start({});
  const std::string content(1000000, 'x');
  registry_->server().cut_upload("/upload/1?state=a%2Fb&x=1&digest=sha256%3A" + digest_of(content).substr(7), 5000);
  EXPECT_EQ(push(content), BlobPush::Sent);
  EXPECT_TRUE(registry_->has_blob("team/app", content));
}

TEST_F(BlobUpload, BeginsAnewWhenTheSessionIsGone) {
  start({.put_answers = {{.status = 404, .body = R"({"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]})"}, {.status = 416}}});
  EXPECT_EQ(push("hello"), BlobPush::Sent);
  EXPECT_EQ(registry_->count("POST"), 3U);
}

TEST_F(BlobUpload, LooksWhetherALostAnswerMeantSuccess) {
  start({.put_answers = {{.status = 500}}});
  registry_->add_blob("team/app", "hello");
  EXPECT_EQ(push("hello"), BlobPush::Sent);
  EXPECT_EQ(registry_->count("PUT"), 1U);
  EXPECT_EQ(registry_->count("HEAD"), 1U);
}

TEST_F(BlobUpload, GivesUpAfterSomeTries) {
  RegistryManners manners;
  manners.put_answers.assign(20, CannedAnswer{.status = 503, .body = "maintenance"});
  start(manners);
  const Error error = failure_of([&] { push("hello"); });
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("maintenance"));
  EXPECT_EQ(registry_->count("PUT"), 5U);
}

TEST_F(BlobUpload, ARefusalIsFinalAndCancelsTheSession) {
  start({.put_answers = {{.status = 413, .body = "too large"}}});
  const Error error = failure_of([&] { push("hello"); });
  EXPECT_THAT(error.message(), HasSubstr("413: too large"));
  EXPECT_THAT(error.message(), HasSubstr(digest_of("hello")));
  EXPECT_EQ(registry_->count("PUT"), 1U);
  EXPECT_EQ(registry_->log().back(), "DELETE /upload/1");
}

TEST_F(BlobUpload, ProgressCountsTheBytesOfTheTry) {
  start({});
  std::vector<std::uint64_t> steps;
  const std::string content(3000000, 'x');
  client_->push_blob("team/app", blob(content), [&](std::uint64_t sent) { steps.push_back(sent); });
  EXPECT_TRUE(std::ranges::is_sorted(steps));
  EXPECT_EQ(steps.back(), content.size());
}

TEST_F(BlobUpload, AnotherHostGetsTheBytesButNoCredentials) {
  FakeRegistry store{RegistryManners()};  // its sessions are not those of the registry: it only has to be asked
  start({.login = RegistryManners::Login::Basic, .upload_origin = "http://" + store.host()}, login("user", "pw"));
  EXPECT_THROW(push("hello"), Error);
  const auto requests = store.server().requests();
  ASSERT_FALSE(requests.empty());
  EXPECT_THAT(requests[0].target, StartsWith("/upload/1?state=a%2Fb&x=1&digest=sha256%3A"));
  EXPECT_EQ(requests[0].body, "hello");
  for (const SeenRequest& request : requests) EXPECT_FALSE(request.headers.contains("authorization"));
}

TEST_F(BlobUpload, ALyingLocationIsRefused) {
  for (const char* origin : {"file://", "ftp://host.example", "http://[::bad"}) {
    start({.upload_origin = origin});
    EXPECT_THROW(push("hello"), Error) << origin;
    EXPECT_EQ(registry_->count("PUT"), 0U);
  }
}

TEST_F(BlobUpload, WhatTheBlobsSourceThrowsIsNotTriedAgain) {
  start({});
  BlobToPush broken = blob("hello");
  int opened = 0;
  broken.open = [&]() -> std::unique_ptr<Source> {
    ++opened;
    throw Error(ErrorKind::Foreign, "the store is damaged");
  };
  EXPECT_EQ(failure_of([&] { client_->push_blob("team/app", broken, nullptr); }).message(), "the store is damaged");
  EXPECT_EQ(opened, 1);
}

TEST_F(BlobUpload, CancellationEndsTheTries) {
  RegistryManners manners;
  manners.put_answers.assign(20, CannedAnswer{.status = 503});
  start(manners);
  BlobToPush one = blob("hello");
  one.open = [&, open = one.open] {
    cancellation_.request();
    return open();
  };
  EXPECT_EQ(failure_of([&] { client_->push_blob("team/app", one, nullptr); }).kind(), ErrorKind::Interrupted);
}

}  // namespace
}  // namespace mlbuild::test
