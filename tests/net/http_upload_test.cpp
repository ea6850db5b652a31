#include "support/http_server.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace mlbuild {
namespace {

using std::chrono::milliseconds;
using test::CannedAnswer;
using test::HttpServer;
using testing::HasSubstr;

HttpTuning impatient() {
  HttpTuning tuning;
  tuning.backoff_base = milliseconds(1);
  tuning.upload_stall_time = std::chrono::seconds(1);
  return tuning;
}

/// A pattern of any length, made while it is read.
class PatternSource final : public Source {
 public:
  explicit PatternSource(std::uint64_t size_bytes) : rest_(size_bytes) {}
  std::size_t read(MutableByteSpan buffer) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(rest_, buffer.size()));
    std::fill_n(buffer.begin(), count, std::byte{'p'});
    rest_ -= count;
    return count;
  }

 private:
  std::uint64_t rest_;
};

class HttpUploadTest : public testing::Test {
 protected:
  HttpRequest request(const std::string& method, std::uint64_t size_bytes) {
    HttpRequest request;
    request.method = method;
    request.url = server_.url("/up");
    request.body = HttpBody{[this, size_bytes] {
                              ++opened_;
                              return std::make_unique<PatternSource>(size_bytes);
                            },
                            size_bytes};
    return request;
  }
  HttpResponse send(const HttpRequest& request) {
    return client_->fetch(request, [this](const HttpResponse&) -> Sink& { return answer_; });
  }
  Error failure_of(const HttpRequest& request) {
    try {
      send(request);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, "none"};
  }

  Cancellation cancellation_;
  std::unique_ptr<HttpClient> client_ = make_http_client(cancellation_, impatient());
  HttpServer server_;
  BytesSink answer_;
  int opened_ = 0;
};

TEST_F(HttpUploadTest, SendsTheBodyWithItsLengthAndReadsTheAnswer) {
  server_.answer("/up", {.status = 201, .headers = {{"Location", "/x"}}, .body = "made"});
  const HttpResponse response = send(request("PUT", 3000000));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.at("location"), "/x");
  EXPECT_EQ(answer_.text(), "made");
  const auto seen = server_.requests().at(0);
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.headers.at("content-length"), "3000000");
  EXPECT_EQ(seen.body, std::string(3000000, 'p'));
}

TEST_F(HttpUploadTest, NeverWaitsForPermissionToContinue) {
  server_.answer("/up", {.status = 201});
  for (const char* method : {"POST", "PUT", "PATCH"}) send(request(method, 3000000));
  for (const auto& seen : server_.requests()) {
    EXPECT_FALSE(seen.headers.contains("expect")) << seen.method;
    EXPECT_FALSE(seen.headers.contains("transfer-encoding")) << seen.method;
    EXPECT_FALSE(seen.headers.contains("content-type")) << seen.method;
  }
}

TEST_F(HttpUploadTest, WithoutBodyTheLengthIsZero) {
  server_.answer("/up", {.status = 202});
  for (const char* method : {"POST", "PUT"}) {
    HttpRequest bare;
    bare.method = method;
    bare.url = server_.url("/up");
    EXPECT_EQ(send(bare).status, 202);
    EXPECT_EQ(server_.requests().back().headers.at("content-length"), "0");
  }
}

TEST_F(HttpUploadTest, ReplaysTheBodyAfterServerErrorsAndCutConnections) {
  server_.script("/up", {{.status = 503}, {.status = 201}});
  server_.cut_upload("/up", 100000);
  EXPECT_EQ(send(request("PUT", 3000000)).status, 201);
  EXPECT_EQ(server_.requests().back().body, std::string(3000000, 'p'));
  EXPECT_EQ(server_.count("/up"), 3U);
  EXPECT_EQ(opened_, 3);
}

TEST_F(HttpUploadTest, ARefusalBeforeTheEndOfTheBodyIsTheAnswer) {
  server_.answer("/up", {.status = 413, .body = "too large"});
  server_.cut_upload("/up", 0, test::UploadEnd::Answer);
  HttpRequest huge = request("PUT", 1);
  huge.body = request("PUT", std::uint64_t{1} << 40U).body;
  EXPECT_EQ(send(huge).status, 413);
}

TEST_F(HttpUploadTest, ARequestThatIsSentOnceTellsWhyAnotherTryMayHelp) {
  server_.answer("/up", {.status = 503, .body = "later"});
  HttpRequest once = request("PUT", 10);
  once.once = true;
  server_.cut_upload("/up", 5);
  const HttpResponse cut = send(once);
  EXPECT_EQ(cut.status, 0);
  EXPECT_TRUE(cut.transient);
  ASSERT_TRUE(cut.failure);
  EXPECT_EQ(cut.failure->kind(), ErrorKind::Network);
  const HttpResponse refused = send(once);
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.transient);
  EXPECT_FALSE(refused.failure);
  EXPECT_EQ(server_.count("/up"), 2U);
}

TEST_F(HttpUploadTest, TellsHowFarItCameAndBeginsAnewWithEachTry) {
  server_.script("/up", {{.status = 500}, {.status = 201}});
  std::vector<std::uint64_t> steps;
  HttpRequest watched = request("PUT", 2000000);
  watched.on_sent = [&](std::uint64_t sent) { steps.push_back(sent); };
  send(watched);
  EXPECT_EQ(std::ranges::count(steps, 2000000U), 2);
  EXPECT_FALSE(std::ranges::is_sorted(steps));
}

TEST_F(HttpUploadTest, ABodyOfAnotherSizeIsOurMistakeAndNeverComplete) {
  server_.answer("/up", {.status = 201});
  for (const std::uint64_t promised : {999U, 1001U}) {
    HttpRequest wrong = request("PUT", 1000);
    wrong.body->size_bytes = promised;
    EXPECT_EQ(failure_of(wrong).kind(), ErrorKind::Internal);
  }
  for (const auto& seen : server_.requests())
    EXPECT_LT(seen.body.size(), std::stoul(seen.headers.at("content-length")));
}

TEST_F(HttpUploadTest, WhatTheSourceThrowsEndsTheTries) {
  HttpRequest broken = request("PUT", 1000);
  broken.body->open = []() -> std::unique_ptr<Source> { throw Error(ErrorKind::Foreign, "damaged blob"); };
  EXPECT_EQ(failure_of(broken).message(), "damaged blob");
  EXPECT_LE(server_.count("/up"), 1U);
}

TEST_F(HttpUploadTest, AServerThatStopsReadingIsCut) {
  HttpServer stubborn([](const test::SeenRequest&) { return CannedAnswer{.stall = milliseconds(20000)}; });
  HttpRequest stuck = request("PUT", std::uint64_t{1} << 30U);
  stuck.url = stubborn.url("/up");
  stuck.once = true;
  stubborn.cut_upload("/up", 0, test::UploadEnd::Answer);
  const auto begin = std::chrono::steady_clock::now();
  const HttpResponse response = send(stuck);
  EXPECT_TRUE(response.transient);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(HttpUploadTest, SeveralChallengesAreJoined) {
  HttpServer other([](const test::SeenRequest&) {
    return CannedAnswer{.status = 401,
                        .headers = {{"WWW-Authenticate", "Bearer realm=\"r\""}, {"Www-authenticate", "Basic"}}};
  });
  HttpRequest plain;
  plain.url = other.url("/");
  EXPECT_EQ(send(plain).headers.at("www-authenticate"), "Bearer realm=\"r\", Basic");
}

TEST_F(HttpUploadTest, RetryAfterOfOneTransferHoldsBackTheOthers) {
  server_.script("/busy", {{.status = 429, .headers = {{"Retry-After", "1"}}}, {.status = 200}});
  server_.answer("/up", {.status = 201});
  HttpRequest busy;
  busy.url = server_.url("/busy");
  busy.once = true;
  EXPECT_EQ(send(busy).status, 429);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(send(request("PUT", 10)).status, 201);
  EXPECT_GT(std::chrono::steady_clock::now() - begin, milliseconds(800));
}

TEST_F(HttpUploadTest, RedirectsCanBeLeftToTheCaller) {
  server_.answer("/up", {.status = 302, .headers = {{"Location", "/elsewhere"}}});
  HttpRequest plain;
  plain.url = server_.url("/up");
  plain.follow_redirects = false;
  EXPECT_EQ(send(plain).status, 302);
}

}  // namespace
}  // namespace mlbuild
