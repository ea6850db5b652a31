#include "support/http_server.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/sys/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace mlbuild {
namespace {

using std::chrono::milliseconds;
using test::CannedAnswer;
using test::HttpServer;
using testing::HasSubstr;
using testing::Not;

HttpTuning impatient() {
  HttpTuning tuning;
  tuning.backoff_base = milliseconds(1);
  tuning.stall_time = std::chrono::seconds(1);
  return tuning;
}

/// What a fetch gave: every body that was begun, in order.
struct Fetched {
  HttpResponse response;
  std::vector<std::string> bodies;
};

class HttpClientTest : public testing::Test {
 protected:
  Fetched fetch(const HttpRequest& request) {
    Fetched fetched;
    std::vector<std::unique_ptr<BytesSink>> sinks;
    fetched.response = client_->fetch(request, [&](const HttpResponse&) -> Sink& {
      sinks.push_back(std::make_unique<BytesSink>());
      return *sinks.back();
    });
    for (const auto& sink : sinks) fetched.bodies.emplace_back(sink->text());
    return fetched;
  }
  Fetched get(const std::string& url) {
    HttpRequest request;
    request.url = url;
    return fetch(request);
  }
  Fetched get_resumably(const std::string& target) {
    HttpRequest request;
    request.url = server_.url(target);
    request.resume = true;
    return fetch(request);
  }
  Error failure_of(const HttpRequest& request) {
    try {
      fetch(request);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error for " << request.url;
    return {ErrorKind::Internal, "none"};
  }
  Error failure_of(const std::string& url) {
    HttpRequest request;
    request.url = url;
    return failure_of(request);
  }

  Cancellation cancellation_;
  std::unique_ptr<HttpClient> client_ = make_http_client(cancellation_, impatient());
  HttpServer server_;
};

TEST_F(HttpClientTest, StreamsTheBodyAndLowersHeaderNames) {
  server_.answer("/x", {.headers = {{"X-Thing", "One"}}, .body = "hello"});
  const Fetched fetched = get(server_.url("/x"));
  EXPECT_EQ(fetched.response.status, 200);
  EXPECT_EQ(fetched.response.headers.at("x-thing"), "One");
  EXPECT_EQ(fetched.bodies, std::vector<std::string>{"hello"});
}

TEST_F(HttpClientTest, EmptyBodyStillBegins) {
  server_.answer("/empty", {});
  EXPECT_EQ(get(server_.url("/empty")).bodies, std::vector<std::string>{""});
}

TEST_F(HttpClientTest, OtherStatusesComeBackWithTheBodyAsHeader) {
  server_.answer("/no", {.status = 404, .headers = {{"X-Mlbuild-Error-Body", "forged"}}, .body = "no such thing"});
  const Fetched fetched = get(server_.url("/no"));
  EXPECT_EQ(fetched.response.status, 404);
  EXPECT_EQ(fetched.response.headers.at("x-mlbuild-error-body"), "no such thing");
  EXPECT_TRUE(fetched.bodies.empty());
  EXPECT_EQ(server_.count("/no"), 1U);
}

TEST_F(HttpClientTest, ErrorBodyIsReadUpTo64KiB) {
  server_.answer("/no", {.status = 403, .body = std::string(1U << 20U, 'e')});
  EXPECT_EQ(get(server_.url("/no")).response.headers.at("x-mlbuild-error-body").size(), 64U * 1024U);
}

TEST_F(HttpClientTest, TriesAgainAfterServerErrors) {
  server_.script("/flaky", {{.status = 503}, {.status = 500}, {.body = "ok"}});
  EXPECT_EQ(get(server_.url("/flaky")).bodies, std::vector<std::string>{"ok"});
  EXPECT_EQ(server_.count("/flaky"), 3U);
}

TEST_F(HttpClientTest, GivesUpAfterFiveTriesAndSaysWhatTheServerSaid) {
  server_.answer("/down", {.status = 503, .body = "maintenance"});
  const Error error = failure_of(server_.url("/down"));
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("answered 503"));
  EXPECT_THAT(error.message(), HasSubstr("maintenance"));
  EXPECT_EQ(server_.count("/down"), 5U);
}

TEST_F(HttpClientTest, WaitsAsLongAsRetryAfterSays) {
  server_.script("/busy", {{.status = 429, .headers = {{"Retry-After", "1"}}}, {.body = "ok"}});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(get(server_.url("/busy")).bodies, std::vector<std::string>{"ok"});
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(900));
}

TEST_F(HttpClientTest, NoTryBeginsWhenTheTimeForRetriesIsOver) {
  HttpTuning tuning = impatient();
  tuning.retry_time = std::chrono::seconds(0);
  client_ = make_http_client(cancellation_, tuning);
  server_.answer("/down", {.status = 503});
  EXPECT_EQ(failure_of(server_.url("/down")).kind(), ErrorKind::Network);
  EXPECT_EQ(server_.count("/down"), 1U);
}

TEST_F(HttpClientTest, APauseThatIsLongerThanTheTimeForRetriesIsNotBegun) {
  HttpTuning tuning = impatient();
  tuning.retry_time = std::chrono::seconds(600);
  std::vector<std::string> told;
  tuning.tell = [&](const std::string& text) { told.push_back(text); };
  client_ = make_http_client(cancellation_, tuning);
  server_.answer("/busy", {.status = 429, .headers = {{"Retry-After", "86400"}}});
  EXPECT_EQ(failure_of(server_.url("/busy")).kind(), ErrorKind::Network);
  EXPECT_EQ(server_.count("/busy"), 1U);
  const Error other = failure_of(server_.url("/other"));
  EXPECT_THAT(other.message(), HasSubstr("wants no requests for 86400 s"));
  EXPECT_THAT(other.hint_text(), HasSubstr("--retry-for"));
  EXPECT_EQ(server_.count("/other"), 0U) << "nobody begins a pause that is too long";
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("wants fewer requests"));
}

TEST_F(HttpClientTest, ThatAServerWantsAPauseIsToldOnce) {
  HttpTuning tuning = impatient();
  int told = 0;
  tuning.tell = [&](const std::string&) { ++told; };
  client_ = make_http_client(cancellation_, tuning);
  const CannedAnswer busy{.status = 503, .headers = {{"Retry-After", "1"}}};
  server_.script("/busy", {busy, busy, busy, {.body = "ok"}});
  EXPECT_EQ(get(server_.url("/busy")).bodies, std::vector<std::string>{"ok"});
  EXPECT_EQ(told, 1);
}

TEST_F(HttpClientTest, ALoginThatTheServerRepeatsIsBlottedOut) {
  HttpServer echo([](const test::SeenRequest& request) {
    return CannedAnswer{.status = request.target == "/no" ? 403 : 500,
                        .body = "bad: " + request.headers.at("authorization")};
  });
  HttpRequest request;
  request.headers["Authorization"] = "Bearer very-secret-token";
  request.url = echo.url("/no");
  EXPECT_EQ(fetch(request).response.headers.at("x-mlbuild-error-body"), "bad: Bearer ***");
  request.url = echo.url("/down");
  try {
    fetch(request);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), testing::AllOf(HasSubstr("Bearer ***"), Not(HasSubstr("very-secret"))));
  }
}

TEST_F(HttpClientTest, AFarewellIsSentAfterCancellation) {
  server_.answer("/session", {.status = 204});
  cancellation_.request();
  HttpRequest request;
  request.method = "DELETE";
  request.url = server_.url("/session");
  request.farewell = true;
  EXPECT_EQ(fetch(request).response.status, 204);
  request.farewell = false;
  EXPECT_THROW(fetch(request), Error);
}

TEST_F(HttpClientTest, CutBodyStartsAfresh) {
  server_.script("/cut", {{.body = "0123456789", .cut_after = 4}, {.body = "0123456789"}});
  EXPECT_EQ(get(server_.url("/cut")).bodies, (std::vector<std::string>{"0123", "0123456789"}));
}

TEST_F(HttpClientTest, CutBodyGoesOnWhereTheEtagIsTheSame) {
  const CannedAnswer whole{.headers = {{"ETag", "\"v1\""}}, .body = "0123456789"};
  CannedAnswer cut = whole;
  cut.cut_after = 4;
  server_.script("/cut", {cut, whole});
  EXPECT_EQ(get_resumably("/cut").bodies, std::vector<std::string>{"0123456789"});
  EXPECT_EQ(server_.requests().back().headers.at("range"), "bytes=4-");
  EXPECT_EQ(server_.requests().back().headers.at("if-range"), "\"v1\"");
}

TEST_F(HttpClientTest, ChangedFileIsNotGluedToTheOldOne) {
  server_.script("/cut", {{.headers = {{"ETag", "\"v1\""}}, .body = "0123456789", .cut_after = 4},
                          {.headers = {{"ETag", "\"v2\""}}, .body = "abcdefghij"}});
  EXPECT_EQ(get_resumably("/cut").bodies, (std::vector<std::string>{"0123", "abcdefghij"}));
}

TEST_F(HttpClientTest, WeakOrMissingEtagStartsAfresh) {
  for (const char* etag : {"W/\"v1\"", ""}) {
    const CannedAnswer whole{.headers = {{"ETag", etag}}, .body = "0123456789"};
    CannedAnswer cut = whole;
    cut.cut_after = 4;
    server_.script("/cut", {cut, whole});
    EXPECT_EQ(get_resumably("/cut").bodies, (std::vector<std::string>{"0123", "0123456789"})) << etag;
  }
}

TEST_F(HttpClientTest, PartThatBeginsElsewhereIsRefused) {
  server_.script("/cut", {{.headers = {{"ETag", "\"v1\""}}, .body = "0123456789", .cut_after = 4},
                          {.status = 206, .headers = {{"Content-Range", "bytes 0-9/10"}}, .body = "0123456789"}});
  HttpRequest request;
  request.url = server_.url("/cut");
  request.resume = true;
  EXPECT_THAT(failure_of(request).message(), HasSubstr("another place"));
}

TEST_F(HttpClientTest, RangeThatIsGoneStartsAfresh) {
  server_.script("/cut", {{.headers = {{"ETag", "\"v1\""}}, .body = "0123456789", .cut_after = 4},
                          {.status = 416},
                          {.headers = {{"ETag", "\"v2\""}}, .body = "ab"}});
  EXPECT_EQ(get_resumably("/cut").bodies, (std::vector<std::string>{"0123", "ab"}));
}

TEST_F(HttpClientTest, StalledTransferIsCutAndTriedAgain) {
  server_.script("/slow", {{.body = "x", .stall = std::chrono::seconds(30)}, {.body = "ok"}});
  const Fetched fetched = get(server_.url("/slow"));
  EXPECT_EQ(fetched.bodies.back(), "ok");
  EXPECT_EQ(server_.count("/slow"), 2U);
}

TEST_F(HttpClientTest, BodyAboveTheLimitIsRefusedAtOnce) {
  server_.answer("/big", {.body = std::string(100000, 'x')});
  HttpRequest request;
  request.url = server_.url("/big");
  request.body_limit_bytes = 1000;
  EXPECT_EQ(failure_of(request).kind(), ErrorKind::Network);
  EXPECT_EQ(server_.count("/big"), 1U);
}

TEST_F(HttpClientTest, WhatTheSinkThrowsArrivesUnchangedAndEndsTheTries) {
  struct FullSink final : Sink {
    void write(ByteSpan) override { throw Error(ErrorKind::Io, "disk full"); }
  } sink;
  server_.answer("/x", {.body = "hello"});
  HttpRequest request;
  request.url = server_.url("/x");
  try {
    client_->fetch(request, [&](const HttpResponse&) -> Sink& { return sink; });
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Io);
  }
  EXPECT_EQ(server_.count("/x"), 1U);
}

TEST_F(HttpClientTest, FollowsRedirectsAndTellsWhereItEnded) {
  server_.answer("/a", {.status = 302, .headers = {{"Location", "b/c"}}});
  server_.answer("/b/c", {.body = "here"});
  const Fetched fetched = get(server_.url("/a"));
  EXPECT_EQ(fetched.bodies, std::vector<std::string>{"here"});
  EXPECT_EQ(fetched.response.final_url, server_.url("/b/c"));
}

TEST_F(HttpClientTest, RefusesEndlessRedirects) {
  server_.answer("/loop", {.status = 301, .headers = {{"Location", "/loop"}}});
  EXPECT_THAT(failure_of(server_.url("/loop")).message(), HasSubstr("more than 5 times"));
  EXPECT_EQ(server_.count("/loop"), 6U);
}

TEST_F(HttpClientTest, RefusesRedirectsToLocalFiles) {
  server_.answer("/evil", {.status = 302, .headers = {{"Location", "file:///etc/passwd"}}});
  EXPECT_EQ(failure_of(server_.url("/evil")).kind(), ErrorKind::Foreign);
}

TEST_F(HttpClientTest, OtherMethodsGetTheRedirectAsItIs) {
  server_.answer("/upload", {.status = 307, .headers = {{"Location", "/elsewhere"}}});
  HttpRequest request;
  request.method = "DELETE";
  request.url = server_.url("/upload");
  EXPECT_EQ(fetch(request).response.status, 307);
  EXPECT_EQ(server_.requests().back().method, "DELETE");
}

TEST_F(HttpClientTest, CredentialsStayWithTheirOrigin) {
  HttpServer other;
  other.answer("/file", {.body = "x"});
  server_.answer("/a", {.status = 302, .headers = {{"Location", "/b"}}});
  server_.answer("/b", {.status = 302, .headers = {{"Location", other.url("/file")}}});
  HttpRequest request;
  request.url = server_.url("/a");
  request.headers = {{"Authorization", "Bearer secret"}, {"Cookie", "c=1"}, {"Accept", "text/plain"}};
  fetch(request);
  for (const auto& seen : server_.requests())
    EXPECT_EQ(seen.headers.at("authorization"), "Bearer secret") << seen.target;
  EXPECT_FALSE(other.requests().at(0).headers.contains("authorization"));
  EXPECT_FALSE(other.requests().at(0).headers.contains("cookie"));
  EXPECT_EQ(other.requests().at(0).headers.at("accept"), "text/plain");
}

TEST_F(HttpClientTest, UserInfoBecomesBasicForItsOriginOnly) {
  HttpServer other;
  other.answer("/file", {.body = "x"});
  server_.answer("/a", {.status = 302, .headers = {{"Location", other.url("/file")}}});
  const Fetched fetched = get(server_.url_with_user_info("user:p%40ss", "/a"));
  EXPECT_EQ(server_.requests().at(0).headers.at("authorization"), "Basic dXNlcjpwQHNz");  // user:p@ss
  EXPECT_FALSE(other.requests().at(0).headers.contains("authorization"));
  EXPECT_THAT(fetched.response.final_url, Not(HasSubstr("p%40ss")));
}

TEST_F(HttpClientTest, NetrcGivesCredentialsUnlessTheRequestHasItsOwn) {
  const TempDir dir;
  write_file_atomically(dir.path() / "netrc", "machine 127.0.0.1 login ada password pw\n");
  ::setenv("NETRC", (dir.path() / "netrc").c_str(), 1);
  client_ = make_http_client(cancellation_, impatient());
  ::unsetenv("NETRC");
  server_.answer("/x", {.body = "x"});
  get(server_.url("/x"));
  EXPECT_EQ(server_.requests().back().headers.at("authorization"), "Basic YWRhOnB3");  // ada:pw
  HttpRequest request;
  request.url = server_.url("/x");
  request.headers["Authorization"] = "Bearer own";
  fetch(request);
  EXPECT_EQ(server_.requests().back().headers.at("authorization"), "Bearer own");
}

TEST_F(HttpClientTest, UserInfoIsNotInErrors) {
  server_.answer("/down?token=hunter3", {.status = 500});
  const Error error = failure_of(server_.url_with_user_info("user:hunter2", "/down?token=hunter3"));
  EXPECT_THAT(error.message() + error.hint_text(), Not(HasSubstr("hunter")));
}

TEST_F(HttpClientTest, HeaderValueWithLineBreakIsRefused) {
  HttpRequest request;
  request.url = server_.url("/x");
  request.headers["Authorization"] = "Bearer a\r\nX-Evil: 1";
  EXPECT_EQ(failure_of(request).kind(), ErrorKind::Foreign);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(HttpClientTest, RangesAndHeadPassThrough) {
  server_.answer("/f", {.body = "0123456789"});
  HttpRequest range;
  range.url = server_.url("/f");
  range.headers["Range"] = "bytes=2-4";
  const Fetched part = fetch(range);
  EXPECT_EQ(part.response.status, 206);
  EXPECT_EQ(part.bodies, std::vector<std::string>{"234"});
  HttpRequest head;
  head.method = "HEAD";
  head.url = server_.url("/f");
  EXPECT_EQ(fetch(head).response.headers.at("content-length"), "10");
}

TEST_F(HttpClientTest, LoopbackNeedsNoProxy) {
  server_.answer("/x", {.body = "here"});
  ::setenv("http_proxy", "http://127.0.0.1:9", 1);
  const Fetched fetched = get(server_.url("/x"));
  ::unsetenv("http_proxy");
  EXPECT_EQ(fetched.bodies, std::vector<std::string>{"here"});
}

TEST_F(HttpClientTest, ConnectionsAreReused) {
  server_.answer("/x", {.body = "x"});
  for (int i = 0; i < 10; ++i) get(server_.url("/x"));
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(HttpClientTest, ManyThreadsShareOneClient) {
  server_.answer("/x", {.body = std::string(100000, 'x')});
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 20; ++n) {
          if (get(server_.url("/x")).bodies.at(0).size() == 100000) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 160);
  EXPECT_LE(server_.connections(), 8U);
}

TEST_F(HttpClientTest, RefusedConnectionNamesTheHost) {
  std::string url;
  {
    const HttpServer gone;
    url = gone.url("/x");
  }
  const Error error = failure_of(url);
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("cannot reach `127.0.0.1:"));
  EXPECT_THAT(error.message(), HasSubstr("connection refused"));
  EXPECT_FALSE(error.hint_text().empty());
}

TEST_F(HttpClientTest, UnknownHostSaysSo) {
  EXPECT_THAT(failure_of("http://no-such-host.invalid/x").message(),
              testing::StartsWith("cannot reach `no-such-host.invalid`: "));
}

TEST_F(HttpClientTest, CancellationEndsARunningTransfer) {
  server_.answer("/slow", {.body = "x", .stall = std::chrono::seconds(30)});
  HttpTuning patient = impatient();
  patient.stall_time = std::chrono::seconds(60);
  client_ = make_http_client(cancellation_, patient);
  const std::jthread interrupter([&] {
    std::this_thread::sleep_for(milliseconds(200));
    cancellation_.request();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(failure_of(server_.url("/slow")).kind(), ErrorKind::Interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(HttpClientTest, AnAnswerThatMayTakeLongerIsWaitedFor) {
  server_.answer("/packed", {.body = "an image", .stall = milliseconds(2500)});
  HttpRequest request;
  request.url = server_.url("/packed");
  request.once = true;
  EXPECT_TRUE(fetch(request).response.failure) << "longer than the stall time";
  request.answer_time = std::chrono::seconds(30);
  EXPECT_EQ(fetch(request).bodies, std::vector<std::string>{"an image"});
}

TEST_F(HttpClientTest, CancellationEndsAPause) {
  server_.answer("/busy", {.status = 429, .headers = {{"Retry-After", "60"}}});
  const std::jthread interrupter([&] {
    std::this_thread::sleep_for(milliseconds(200));
    cancellation_.request();
  });
  EXPECT_EQ(failure_of(server_.url("/busy")).kind(), ErrorKind::Interrupted);
}

TEST_F(HttpClientTest, ReadsLocalFilesWhenAskedDirectly) {
  const TempDir dir;
  write_file_atomically(dir.path() / "f", "local");
  EXPECT_EQ(get("file://" + (dir.path() / "f").string()).bodies, std::vector<std::string>{"local"});
  EXPECT_EQ(get("file://" + (dir.path() / "missing").string()).response.status, 404);
}

TEST_F(HttpClientTest, CompressedPagesAreDecodedAndTheLimitCountsThePlainBytes) {
  // gzip of 1000 times "a", by `head -c 1000 /dev/zero | tr '\0' a | gzip -n9`
  constexpr unsigned char kGzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                     0x4b, 0x4c, 0x1c, 0x05, 0xa3, 0x60, 0x14, 0x0c, 0x77, 0x00,
                                     0x00, 0x03, 0xda, 0x38, 0x9a, 0xe8, 0x03, 0x00, 0x00};
  const std::string body(reinterpret_cast<const char*>(kGzip), sizeof(kGzip));
  server_.answer("/z", {.headers = {{"Content-Encoding", "gzip"}}, .body = body});
  HttpRequest request;
  request.url = server_.url("/z");
  EXPECT_EQ(fetch(request).bodies.at(0), body);  // a file stays as it is
  request.accept_compressed = true;
  EXPECT_EQ(fetch(request).bodies.at(0), std::string(1000, 'a'));
  request.body_limit_bytes = 999;
  EXPECT_EQ(failure_of(request).kind(), ErrorKind::Network);
}

}  // namespace
}  // namespace mlbuild
