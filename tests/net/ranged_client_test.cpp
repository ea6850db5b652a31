#include "mlbuild/net/ranged_client.hpp"

#include "part_slots.hpp"
#include "support/http_server.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace mlbuild {
namespace {

using std::chrono::milliseconds;
using test::CannedAnswer;
using test::HttpServer;
using test::SeenRequest;

constexpr std::size_t kPart = 10'000;
const RangeTuning kSmallParts{.file_bytes = 20'000, .part_bytes = kPart, .alone_bytes = kPart, .loopback = true};

std::string content_of(char seed) {
  std::string text(105'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = static_cast<char>(seed + static_cast<int>((i * 31 + i / 251) % 127));
  return text;
}

bool begins_at(const SeenRequest& request, std::size_t offset) {
  const auto range = request.headers.find("range");
  return range != request.headers.end() && range->second.starts_with(fmt::format("bytes={}-", offset));
}

bool is_whole(const SeenRequest& request) { return !request.headers.contains("range"); }

class RangedClientTest : public testing::Test {
 protected:
  /// A file whose requests `answer` may answer otherwise than by a part of `content_`.
  void serve(std::function<void(const SeenRequest&, CannedAnswer&)> change, const RangeTuning& tuning = kSmallParts) {
    server_ = std::make_unique<HttpServer>([this, change = std::move(change)](const SeenRequest& request) {
      CannedAnswer answer{.headers = {{"ETag", "\"a\""}}, .body = content_};
      change(request, answer);
      return answer;
    });
    HttpTuning http;
    http.backoff_base = milliseconds(1);
    client_ = make_ranged_client(make_http_client(cancellation_, http), tuning);
  }

  HttpResponse fetch(std::uint64_t limit_bytes = 200'000) {
    HttpRequest request;
    request.joins_by_date = joins_by_date_;
    request.url = server_->url("/file");
    request.resume = true;
    request.body_limit_bytes = limit_bytes;
    return client_->fetch(request, [&](const HttpResponse& response) -> Sink& {
      told_ = response;
      return *bodies_.emplace_back(std::make_unique<BytesSink>());
    });
  }
  std::string body() const { return bodies_.empty() ? "" : std::string(bodies_.back()->text()); }
  std::size_t count(const std::function<bool(const SeenRequest&)>& matches) const {
    const std::vector<SeenRequest> requests = server_->requests();
    return static_cast<std::size_t>(std::ranges::count_if(requests, matches));
  }
  void expect_one_stream_in_the_end(const std::string& content) {
    const HttpResponse response = fetch();
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(body() == content);
    EXPECT_EQ(count(is_whole), 1U);
    EXPECT_TRUE(is_whole(server_->requests().back()));
  }
  void expect_parts_only(const std::string& content) {
    EXPECT_EQ(fetch().status, 200);
    EXPECT_TRUE(body() == content);
    EXPECT_EQ(bodies_.size(), 1U) << "begun again";
    EXPECT_EQ(count(is_whole), 0U);
  }

  const std::string content_ = content_of('!');
  bool joins_by_date_ = false;
  Cancellation cancellation_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
  HttpResponse told_;
  std::vector<std::unique_ptr<BytesSink>> bodies_;
};

TEST_F(RangedClientTest, PartsComeSideBySideAndInOrder) {
  std::mutex mutex;
  std::condition_variable came;
  int waiting = 0;
  serve([&](const SeenRequest& request, CannedAnswer&) {
    if (begins_at(request, 0)) return;
    std::unique_lock lock(mutex);
    ++waiting;
    came.notify_all();
    EXPECT_TRUE(came.wait_for(lock, std::chrono::seconds(20), [&] { return waiting >= 3; })) << "one after the other";
  });
  expect_parts_only(content_);
  EXPECT_EQ(told_.status, 200);
  EXPECT_EQ(told_.headers.at("content-length"), "105000");
  EXPECT_FALSE(told_.headers.contains("content-range"));
  EXPECT_EQ(count([](const SeenRequest& request) { return request.headers.contains("if-range"); }),
            server_->requests().size() - 1);
}

TEST_F(RangedClientTest, SmallFilesAndThoseWithoutADigestComeAsTheyDid) {
  serve([](const SeenRequest&, CannedAnswer&) {}, {.file_bytes = 200'001, .loopback = true});
  fetch();
  EXPECT_TRUE(body() == content_);
  client_ = make_ranged_client(make_http_client(cancellation_), {.file_bytes = 20'000});
  fetch();  // from this machine
  client_ = make_ranged_client(make_http_client(cancellation_), kSmallParts);
  HttpRequest request;
  request.url = server_->url("/page");
  BytesSink page;
  client_->fetch(request, [&](const HttpResponse&) -> Sink& { return page; });
  EXPECT_EQ(count(is_whole), 3U);
}

TEST_F(RangedClientTest, AServerWithoutRangesIsAskedOnce) {
  serve([](const SeenRequest&, CannedAnswer& answer) { answer.headers["Accept-Ranges"] = "none"; });
  EXPECT_EQ(fetch().status, 200);
  EXPECT_TRUE(body() == content_);
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(RangedClientTest, WithoutAStrongEtagItIsOneStream) {
  for (const char* etag : {"", "W/\"a\""}) {
    serve([&](const SeenRequest&, CannedAnswer& answer) { answer.headers["ETag"] = etag; });
    expect_one_stream_in_the_end(content_);
    EXPECT_EQ(server_->requests().size(), 2U);
  }
}

constexpr const char* kDate = "Wed, 01 May 2024 10:00:00 GMT";
constexpr const char* kLaterDate = "Wed, 01 May 2024 10:00:01 GMT";

TEST_F(RangedClientTest, WithoutAStrongEtagADateIsEnoughForWhoFindsOutTheRest) {
  for (const std::string etag : {"", "W/\"a\""}) {
    bodies_.clear();
    serve([&](const SeenRequest&, CannedAnswer& answer) {
      answer.headers = {{"Last-Modified", kDate}};
      if (!etag.empty()) answer.headers["ETag"] = etag;
    });
    joins_by_date_ = false;
    EXPECT_FALSE(fetch().joined_by_date);
    EXPECT_EQ(count(is_whole), 1U);
    bodies_.clear();
    joins_by_date_ = true;
    const HttpResponse response = fetch();
    EXPECT_TRUE(response.joined_by_date);
    EXPECT_TRUE(body() == content_);
    EXPECT_EQ(count(is_whole), 1U) << "of the first time";
    EXPECT_GT(count([](const SeenRequest& request) {
                const auto condition = request.headers.find("if-range");
                return condition != request.headers.end() && condition->second == kDate;
              }),
              1U);
  }
}

TEST_F(RangedClientTest, AnEtagIsStillThatWhichVouches) {
  joins_by_date_ = true;
  serve([](const SeenRequest&, CannedAnswer& answer) { answer.headers["Last-Modified"] = kDate; });
  EXPECT_FALSE(fetch().joined_by_date);
  EXPECT_TRUE(body() == content_);
}

TEST_F(RangedClientTest, AnotherDateOrNoneMakesItOneStream) {
  joins_by_date_ = true;
  for (const char* date : {kLaterDate, ""}) {
    bodies_.clear();
    serve([&](const SeenRequest& request, CannedAnswer& answer) {
      answer.headers = {{"Last-Modified", kDate}};
      if (!begins_at(request, 3 * kPart)) return;
      answer = {.status = 206, .headers = {{"Last-Modified", date}}, .body = content_.substr(3 * kPart, kPart)};
      answer.headers["Content-Range"] = fmt::format("bytes {}-{}/{}", 3 * kPart, 4 * kPart - 1, content_.size());
    });
    expect_one_stream_in_the_end(content_);
  }
  serve([](const SeenRequest&, CannedAnswer& answer) { answer.headers.clear(); });
  bodies_.clear();
  expect_one_stream_in_the_end(content_);
}

TEST_F(RangedClientTest, AFileThatChangesInTheMiddleIsNotGluedTogether) {
  const std::string other = content_of('"');
  std::atomic<int> requests = 0;
  serve([&](const SeenRequest&, CannedAnswer& answer) {
    if (++requests < 4) return;
    answer = {.headers = {{"ETag", "\"b\""}}, .body = other};
  });
  expect_one_stream_in_the_end(other);
}

TEST_F(RangedClientTest, APartOfAnotherFileIsNoticedThoughTheServerForgetsIfRange) {
  std::string length = std::to_string(content_.size());
  for (const auto& [etag, size] : {std::pair{"\"b\"", length}, std::pair{"\"a\"", std::string("105001")}}) {
    bodies_.clear();
    serve([&, etag = etag, size = size](const SeenRequest& request, CannedAnswer& answer) {
      if (!begins_at(request, 3 * kPart)) return;
      answer = {.status = 206, .headers = {{"ETag", etag}}, .body = content_.substr(3 * kPart, kPart)};
      answer.headers["Content-Range"] = fmt::format("bytes {}-{}/{}", 3 * kPart, 4 * kPart - 1, size);
    });
    expect_one_stream_in_the_end(content_);
  }
}

TEST_F(RangedClientTest, AContentRangeThatLiesMakesItOneStream) {
  for (const char* lie : {"bytes 5-10004/105000", "bytes 30000-39998/105000", "bytes 30000-39999/*", "bytes 9-3/7",
                          "bytes 30000-99999999999999999999/105000", "30000-39999/105000", ""}) {
    bodies_.clear();
    serve([&](const SeenRequest& request, CannedAnswer& answer) {
      if (!begins_at(request, 3 * kPart)) return;
      answer = {.status = 206, .headers = {{"ETag", "\"a\""}, {"Content-Range", lie}}, .body = std::string(kPart, 'x')};
    });
    expect_one_stream_in_the_end(content_);
  }
}

TEST_F(RangedClientTest, PartsThatAreTooShortOrTooLongMakeItOneStream) {
  for (const std::size_t size : {kPart - 1, kPart + 1}) {
    bodies_.clear();
    serve([&](const SeenRequest& request, CannedAnswer& answer) {
      if (!begins_at(request, 3 * kPart)) return;
      answer = {.status = 206, .headers = {{"ETag", "\"a\""}}, .body = content_.substr(3 * kPart, size)};
      answer.headers["Content-Range"] = fmt::format("bytes {}-{}/{}", 3 * kPart, 4 * kPart - 1, content_.size());
    });
    expect_one_stream_in_the_end(content_);
  }
}

TEST_F(RangedClientTest, APartThatIsCutOrRefusedForAWhileComesAgainAlone) {
  const std::vector<std::function<void(CannedAnswer&)>> troubles{
      [](CannedAnswer& answer) { answer.cut_after = 1234; },
      [](CannedAnswer& answer) {
        answer = {.status = 429, .headers = {{"Retry-After", "1"}}};
      },
      [](CannedAnswer& answer) { answer = {.status = 503}; }};
  for (const auto& trouble : troubles) {
    for (const std::size_t at : {std::size_t{0}, kPart, 3 * kPart}) {
      bodies_.clear();
      std::atomic<bool> had_trouble = false;
      serve([&](const SeenRequest& request, CannedAnswer& answer) {
        if (begins_at(request, at) && !had_trouble.exchange(true)) trouble(answer);
      });
      expect_parts_only(content_);
      EXPECT_EQ(count([&](const SeenRequest& request) { return begins_at(request, at); }), 2U);
    }
  }
}

TEST_F(RangedClientTest, ARefusalInTheMiddleIsTheAnswer) {
  serve([&](const SeenRequest& request, CannedAnswer& answer) {
    if (!begins_at(request, 0)) answer = {.status = 401, .body = "expired"};
  });
  EXPECT_EQ(fetch().status, 401);
}

TEST_F(RangedClientTest, AServerThatStaysInTroubleIsAnError) {
  serve([&](const SeenRequest& request, CannedAnswer& answer) {
    if (begins_at(request, 5 * kPart)) answer = {.status = 500};
  });
  EXPECT_THROW(fetch(), Error);
}

TEST_F(RangedClientTest, WhatTheSinkThrowsEndsIt) {
  serve([](const SeenRequest&, CannedAnswer&) {});
  HttpRequest request;
  request.url = server_->url("/file");
  request.resume = true;
  request.body_limit_bytes = 200'000;
  BytesSink small(25'000);
  EXPECT_THROW(client_->fetch(request, [&](const HttpResponse&) -> Sink& { return small; }), Error);
  EXPECT_EQ(count(is_whole), 0U);
}

TEST_F(RangedClientTest, AFileAboveTheLimitIsRefused) {
  serve([](const SeenRequest&, CannedAnswer&) {});
  EXPECT_THROW(fetch(100'000), Error);
}

TEST_F(RangedClientTest, CancellationEndsAllParts) {
  serve([&](const SeenRequest& request, CannedAnswer& answer) {
    if (begins_at(request, 2 * kPart)) cancellation_.request();
    if (!begins_at(request, 0)) answer.stall = milliseconds(500);
  });
  try {
    fetch();
    FAIL() << "nobody noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
  }
}

TEST_F(RangedClientTest, AHostNeverHasMoreConnectionsThanAllowed) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  RangeTuning tuning = kSmallParts;
  tuning.connections_per_host = 3;
  serve(
      [&](const SeenRequest&, CannedAnswer&) {
        most = std::max(most.load(), ++now);
        std::this_thread::sleep_for(milliseconds(5));
        --now;
      },
      tuning);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      HttpRequest request;
      request.url = server_->url("/file");
      request.resume = true;
      request.body_limit_bytes = 200'000;
      BytesSink sink;
      client_->fetch(request, [&](const HttpResponse&) -> Sink& { return sink; });
      EXPECT_TRUE(sink.text() == content_);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_GT(most, 1);
}

bool at_once() { return true; }
bool however_long() { return false; }

TEST(PartSlots, MemoryIsBoundedOverAllHosts) {
  PartSlots slots({.parts_in_memory = 2, .connections_per_host = 3});
  for (const char* host : {"a", "b", "c"}) slots.begin_file(host);
  EXPECT_TRUE(slots.begin_part("a", at_once));
  EXPECT_TRUE(slots.begin_part("b", at_once));
  EXPECT_FALSE(slots.begin_part("c", at_once));
  slots.end_part("a");
  EXPECT_TRUE(slots.begin_part("c", at_once));
}

TEST(PartSlots, WhoeverWaitsGetsTheSlotThatIsGivenBackByAPartOrAFile) {
  PartSlots slots({.connections_per_host = 2});
  slots.begin_file("a");
  ASSERT_TRUE(slots.begin_part("a", at_once));
  std::thread after_part([&] { EXPECT_TRUE(slots.begin_part("a", however_long)); });
  slots.end_part("a");
  after_part.join();
  std::thread after_file([&] { EXPECT_TRUE(slots.begin_part("a", however_long)); });
  slots.end_file("a");
  after_file.join();
}

TEST(PartSlots, NobodyWaitsForAPartThatIsUnwanted) {
  PartSlots slots({.connections_per_host = 1});
  slots.begin_file("a");
  std::atomic<bool> unwanted = false;
  std::thread waiting([&] { EXPECT_FALSE(slots.begin_part("a", [&] { return unwanted.load(); })); });
  unwanted = true;
  slots.ask_again();
  waiting.join();
}

TEST(PartSlots, WholeFilesComeBeforeParts) {
  PartSlots slots({.connections_per_host = 2});
  slots.begin_file("a");
  EXPECT_TRUE(slots.begin_part("a", at_once));
  EXPECT_FALSE(slots.begin_part("a", at_once));
  std::thread other([&] { slots.begin_file("a"); });  // waits for the part only
  slots.end_part("a");
  other.join();
  EXPECT_FALSE(slots.begin_part("a", at_once));
  slots.begin_file("a");  // whoever asked for so many downloads gets them
}

}  // namespace
}  // namespace mlbuild
