// Everything that a network, a proxy and a registry may do to an upload. Each fault ends in success or in an error that
// names the cause, after a known number of tries, and no message holds a login or the query of an upload address.

#include "registry/client_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>

namespace mlbuild::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;
using Login = RegistryManners::Login;

constexpr const char* kUser = "Basic dXNlcjpwdw==";  // user:pw

class PushFaults : public RegistryClientTest {
 protected:
  void TearDown() override { EXPECT_LT(Clock::now() - begin_, std::chrono::seconds(30)); }

  void start_patient(RegistryManners manners, HttpTuning tuning) {
    client_.reset();
    http_ = make_http_client(cancellation_, tuning);
    start(std::move(manners), login("user", "pw"));
  }
  void start_with_answers(std::deque<CannedAnswer> answers) {
    start({.login = Login::Basic, .put_answers = std::move(answers)}, login("user", "pw"));
  }
  std::string upload(int session, const std::string& content) {
    return fmt::format("/upload/{}?state=a%2Fb&x=1&digest=sha256%3A{}", session, digest_of(content).substr(7));
  }
  /// The error of a push, as the user reads it.
  std::string cause_of(const std::string& content) {
    const Error error = failure_of([&] { push(content); });
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    EXPECT_FALSE(error.hint_text().empty());
    const std::string text = text_of(error);
    EXPECT_LT(text.size(), 2000U);
    EXPECT_THAT(text, AllOf(Not(HasSubstr("dXNlcjpwdw")), Not(HasSubstr("token-")), Not(HasSubstr("state="))));
    return text;
  }
  void expect_arrived(const std::string& content, std::size_t puts) {
    EXPECT_TRUE(registry_->has_blob("team/app", content));
    EXPECT_EQ(registry_->count("PUT"), puts);
  }

  const Clock::time_point begin_ = Clock::now();
  const std::string large_ = std::string(std::size_t{16} << 20U, 'x');  // more than socket buffers take
};

TEST_F(PushFaults, ACutAtAnyByteIsBegunAnew) {
  const std::string content(300000, 'x');
  for (const std::size_t after :
       {std::size_t{0}, std::size_t{1}, content.size() / 2, content.size() - 1, content.size()}) {
    start({});
    registry_->server().cut_upload(upload(1, content), after);
    EXPECT_EQ(push(content), BlobPush::Sent) << after;
    expect_arrived(content, 2);
  }
}

TEST_F(PushFaults, AResetIsBegunAnew) {
  for (const std::size_t after : {std::size_t{0}, std::size_t{100000}, large_.size()}) {
    start({});
    registry_->server().cut_upload(upload(1, large_), after, UploadEnd::Reset);
    EXPECT_EQ(push(large_), BlobPush::Sent) << after;
    expect_arrived(large_, 2);
  }
}

TEST_F(PushFaults, AServerThatStopsTakingBytesIsLeftForAnotherTry) {
  HttpTuning tuning = impatient();
  tuning.upload_stall_time = std::chrono::seconds(1);
  start_patient({}, tuning);
  registry_->server().cut_upload(upload(1, large_), 1000, UploadEnd::Stall);
  EXPECT_EQ(push(large_), BlobPush::Sent);
  expect_arrived(large_, 2);
}

TEST_F(PushFaults, AnAnswerThatNeverComesIsBegunAnew) {
  HttpTuning tuning = impatient();
  tuning.answer_time = std::chrono::seconds(1);
  start_patient({}, tuning);
  registry_->server().cut_upload(upload(1, "hello"), 5, UploadEnd::Stall);
  EXPECT_EQ(push("hello"), BlobPush::Sent);
  expect_arrived("hello", 2);
}

TEST_F(PushFaults, FaultsThatGoOnEndWithTheirCause) {
  HttpTuning tuning = impatient();
  tuning.upload_stall_time = std::chrono::seconds(1);
  const std::map<UploadEnd, const char*> causes{{UploadEnd::Close, "the connection was cut"},
                                                {UploadEnd::Reset, "the connection was cut"},
                                                {UploadEnd::Stall, "the transfer stalled"}};
  for (const auto& [end, cause] : causes) {
    start_patient({}, tuning);
    for (int session = 1; session < 10; ++session)
      registry_->server().cut_upload(upload(session, large_), 1000, end, 10);
    EXPECT_THAT(cause_of(large_), AllOf(HasSubstr(cause), HasSubstr("push blob " + digest_of(large_))));
    EXPECT_EQ(registry_->count("POST"), 5U);
    EXPECT_LE(registry_->count("PUT"), 10U);  // libcurl sends again where a kept connection turns out to be closed
  }
}

TEST_F(PushFaults, A401InTheMiddleOfTheBytesRenewsTheTokenAndRestartsThatBlob) {
  start({.login = Login::Bearer}, login("user", "pw"));
  registry_->server().cut_upload(upload(2, large_), 1000, UploadEnd::Answer);  // 1 is the token
  BlobToPush one = blob(large_);
  int opened = 0;
  one.open = [&, open = one.open] {
    if (++opened == 1) registry_->expire_tokens();
    return open();
  };
  EXPECT_EQ(client_->push_blob("team/app", one, nullptr), BlobPush::Sent);
  expect_arrived(large_, 2);
  EXPECT_EQ(registry_->token_requests().size(), 2U);
}

TEST_F(PushFaults, A401WithoutEndIsALoginThatIsMissing) {
  const CannedAnswer refusal{.status = 401,
                             .headers = {{"WWW-Authenticate", "Basic realm=\"fake\""}},
                             .body = R"({"errors":[{"code":"UNAUTHORIZED","message":"not for you"}]})"};
  start_with_answers(std::deque<CannedAnswer>(20, refusal));
  EXPECT_THAT(cause_of("hello"), AllOf(HasSubstr("wants a login"), HasSubstr("not for you"),
                                       HasSubstr("mlbuild login " + registry_->host())));
  EXPECT_LE(registry_->count("PUT"), 2U);
}

TEST_F(PushFaults, ALimitOfTheServerIsToldAtOnce) {
  start({.put_answers = {{.status = 413, .headers = {{"Connection", "close"}}, .body = "<html>too large"}}});
  registry_->server().cut_upload(upload(1, large_), 1000, UploadEnd::Answer);
  EXPECT_THAT(cause_of(large_), AllOf(HasSubstr("413"), HasSubstr("limits the size of a layer")));
  EXPECT_EQ(registry_->count("PUT"), 1U);
}

TEST_F(PushFaults, APauseThatTheRegistryWantsIsMade) {
  HttpTuning tuning = impatient();
  for (const int status : {429, 503}) {
    start_patient({.put_answers = {{.status = status, .headers = {{"Retry-After", "1"}}}}}, tuning);
    const Clock::time_point begin = Clock::now();
    EXPECT_EQ(push("hello"), BlobPush::Sent);
    EXPECT_GT(Clock::now() - begin, std::chrono::milliseconds(900));
    expect_arrived("hello", 2);
  }
}

TEST_F(PushFaults, ARegistryThatCountsRequestsGetsEveryBlob) {
  for (const int every : {3, 4, 5, 6, 7}) {
    start({.too_quick_every = every});
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(push(fmt::format("blob {}", i)), BlobPush::Sent) << every;
      EXPECT_TRUE(registry_->has_blob("team/app", fmt::format("blob {}", i)));
    }
  }
}

TEST_F(PushFaults, TooQuickWithoutEndIsNamedAfterTwentyTries) {
  start_with_answers(std::deque<CannedAnswer>(40, {.status = 429, .body = "too many"}));
  EXPECT_THAT(cause_of("hello"), HasSubstr("(429: too many)"));
  EXPECT_EQ(registry_->count("PUT"), 20U);
  EXPECT_EQ(registry_->count("DELETE /upload/"), 1U)
      << "what is given up is taken back, what is tried again costs nothing";
}

TEST_F(PushFaults, AServerInTroubleIsNamedAfterFiveTries) {
  for (const int status : {408, 500, 502, 503, 504}) {
    start_with_answers(std::deque<CannedAnswer>(20, {.status = status, .body = "over\x1b[1mloaded"}));
    EXPECT_THAT(cause_of("hello"),
                AllOf(HasSubstr(fmt::format("({}: over\\x1b[1mloaded)", status)), HasSubstr(digest_of("hello"))));
    EXPECT_EQ(registry_->count("PUT"), 5U) << status;
  }
}

TEST_F(PushFaults, BytesThatChangeOnTheWayAreNamed) {
  const CannedAnswer refusal{.status = 400, .body = R"({"errors":[{"code":"DIGEST_INVALID","message":"no match"}]})"};
  start_with_answers({refusal});
  EXPECT_EQ(push("hello"), BlobPush::Sent);
  start_with_answers(std::deque<CannedAnswer>(20, refusal));
  EXPECT_THAT(cause_of("hello"), HasSubstr("DIGEST_INVALID: no match"));
  EXPECT_EQ(registry_->count("PUT"), 5U);
}

TEST_F(PushFaults, ABlobThatIsKeptUnderAnotherDigestIsNoSuccess) {
  start_with_answers({{.status = 201, .headers = {{"Docker-Content-Digest", digest_of("other")}}}});
  EXPECT_THAT(cause_of("hello"), AllOf(HasSubstr(digest_of("hello")), HasSubstr("as " + digest_of("other"))));
  EXPECT_EQ(registry_->count("PUT"), 1U);
}

TEST_F(PushFaults, AManifestThatIsKeptUnderAnotherDigestIsNoSuccess) {
  const HttpServer liar([](const SeenRequest&) {
    return CannedAnswer{.status = 201, .headers = {{"Docker-Content-Digest", digest_of("other")}}};
  });
  AnonymousCredentials nobody;
  RegistryClient client(fmt::format("127.0.0.1:{}", liar.port()), *http_, nobody, cancellation_);
  const Error error = failure_of([&] { EXPECT_FALSE(client.put_manifest("a", "1", "application/json", "{}")); });
  EXPECT_THAT(error.message(),
              AllOf(HasSubstr("keeps manifest `a:1` as " + digest_of("other")), HasSubstr(digest_of("{}"))));
}

TEST_F(PushFaults, AnEndlessAnswerIsNotReadToItsEnd) {
  const std::string part(100000, 'x');
  start_with_answers({{.status = 413, .body = part, .endless = true}});
  EXPECT_THAT(cause_of("hello"), HasSubstr("413"));
  start_with_answers(std::deque<CannedAnswer>(20, {.status = 500, .body = part, .endless = true}));
  EXPECT_THAT(cause_of("hello"), HasSubstr("500"));
  EXPECT_EQ(registry_->count("PUT"), 5U);
  start_with_answers({{.status = 201, .body = part, .endless = true}});
  EXPECT_THAT(cause_of("hello"), HasSubstr("sends more than"));
}

TEST_F(PushFaults, ARedirectElsewhereGetsTheBytesAndNoLogin) {
  HttpServer store([](const SeenRequest&) { return CannedAnswer{.status = 201}; });
  start_with_answers({{.status = 307, .headers = {{"Location", store.url("/kept?signature=1")}}}});
  EXPECT_EQ(push("hello"), BlobPush::Sent);
  EXPECT_EQ(registry_->server().requests().back().headers.at("authorization"), kUser);
  ASSERT_EQ(store.requests().size(), 1U);
  EXPECT_EQ(store.requests()[0].body, "hello");
  EXPECT_FALSE(store.requests()[0].headers.contains("authorization"));
}

TEST_F(PushFaults, ARedirectInACircleOrAsARequestToLookElsewhereIsRefused) {
  HttpServer circle([](const SeenRequest&) {
    return CannedAnswer{.status = 308, .headers = {{"Location", "/again"}}};
  });
  start_with_answers({{.status = 307, .headers = {{"Location", circle.url("/first")}}}});
  EXPECT_THAT(cause_of("hello"), HasSubstr("(308)"));
  EXPECT_LE(circle.requests().size(), 3U);
  const std::size_t before = circle.requests().size();
  for (const int status : {301, 302, 303}) {  // a login page of a proxy: following would turn PUT into GET
    start_with_answers({{.status = status, .headers = {{"Location", circle.url("/login")}}}});
    EXPECT_THAT(cause_of("hello"), HasSubstr(fmt::format("({})", status)));
  }
  EXPECT_EQ(circle.requests().size(), before);
  start_with_answers({{.status = 307, .headers = {{"Location", "file:///etc/passwd"}}}});
  EXPECT_THAT(failure_of([&] { push("hello"); }).message(), AnyOf(HasSubstr("refused"), HasSubstr("local files")));
}

TEST_F(PushFaults, AnUploadAddressThatLiesIsNamedWithoutItsSecret) {
  HttpServer other([](const SeenRequest&) { return CannedAnswer{.status = 403, .body = "who are you"}; });
  start({.login = Login::Basic, .upload_origin = other.url_with_user_info("evil:hunter2", "")}, login("user", "pw"));
  EXPECT_THAT(cause_of("hello"), AllOf(HasSubstr("403"), Not(HasSubstr("hunter2"))));
  for (const SeenRequest& request : other.requests()) EXPECT_FALSE(request.headers.contains("authorization"));
  start({.upload_origin = "http://127.0.0.1:1"});
  EXPECT_THAT(cause_of("hello"), HasSubstr("cannot reach `127.0.0.1:1`: connection refused"));
}

TEST_F(PushFaults, WithoutUploadAddressTheErrorSaysSo) {
  const HttpServer forgetful([](const SeenRequest&) { return CannedAnswer{.status = 202}; });
  AnonymousCredentials nobody;
  RegistryClient client(fmt::format("127.0.0.1:{}", forgetful.port()), *http_, nobody, cancellation_);
  const Error error = failure_of([&] { client.push_blob("a", blob("hello"), nullptr); });
  EXPECT_THAT(error.message(), HasSubstr("does not say where the upload goes"));
}

/// Endless zeros; the user has enough after the first of them.
class InterruptingSource final : public Source {
 public:
  explicit InterruptingSource(Cancellation& cancellation) : cancellation_(cancellation) {}
  std::size_t read(MutableByteSpan buffer) override {
    cancellation_.request();
    std::ranges::fill(buffer, std::byte{0});
    return buffer.size();
  }

 private:
  Cancellation& cancellation_;
};

TEST_F(PushFaults, AnInterruptedUploadIsTakenBack) {
  start({.login = Login::Basic}, login("user", "pw"));
  BlobToPush one = blob(large_);
  one.size_bytes = std::uint64_t{1} << 40U;
  one.open = [this] { return std::make_unique<InterruptingSource>(cancellation_); };
  const Error error = failure_of([&] { client_->push_blob("team/app", one, nullptr); });
  EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
  EXPECT_EQ(registry_->count("DELETE /upload/1"), 1U);
}

TEST_F(PushFaults, ALoginThatTheRegistryRepeatsIsNotShown) {
  start_with_answers({{.status = 403, .body = std::string("not with ") + kUser}});
  EXPECT_THAT(cause_of("a layer"), HasSubstr("not with Basic ***"));
}

TEST_F(PushFaults, NoTryBeginsWhenTheTimeForRetriesIsOver) {
  start({.put_answers = {{.status = 503}, {.status = 503}}});
  RegistryOptions options;
  options.retry_time = std::chrono::seconds(0);
  client_ = std::make_unique<RegistryClient>(registry_->host(), *http_, *credentials_, cancellation_, options);
  cause_of("a layer");
  EXPECT_EQ(registry_->count("PUT"), 1U);
}

}  // namespace
}  // namespace mlbuild::test
