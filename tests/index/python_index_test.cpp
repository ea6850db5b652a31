#include "mlbuild/index/python_index.hpp"

#include "support/http_server.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/net/ranged_client.hpp"
#include "mlbuild/store/memory_store.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace mlbuild {
namespace {

using test::CannedAnswer;
using test::HttpServer;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kJsonType = "application/vnd.pypi.simple.v1+json";
constexpr const char* kWheel = "toy-1.0-py3-none-any.whl";

HttpTuning impatient() {
  HttpTuning tuning;
  tuning.backoff_base = std::chrono::milliseconds(1);
  return tuning;
}

class PythonIndexTest : public testing::Test {
 protected:
  void offer(const std::string& links) {
    server_.answer("/simple/toy/", {.headers = {{"Content-Type", "text/html"}}, .body = links});
  }
  std::string link(const std::string& digest_hex) const {
    return fmt::format("<a href='/files/{}#sha256={}'>x</a>", kWheel, digest_hex);
  }
  void fetch(std::uint64_t size_bytes = 0) {
    fetch_python_file(*client_, store_, urls_, index_, "Toy", kWheel, digest_, size_bytes,
                      [this](std::uint64_t more) { progress_ += more; });
  }
  Error failure(std::uint64_t size_bytes = 0) {
    try {
      fetch(size_bytes);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, ""};
  }
  std::string stored() { return std::string(as_text(read_all(*store_.stream(digest_), 1U << 20U))); }

  Cancellation cancellation_;
  std::unique_ptr<HttpClient> client_ = make_http_client(cancellation_, impatient());
  HttpServer server_;
  PythonIndex index_{"default", server_.url_with_user_info("user:hunter2", "/simple")};
  MemoryStore store_;
  MemoryKeyIndex urls_;
  const std::string content_ = "the wheel";
  const BlobDigest digest_{sha256("the wheel")};
  const std::string file_target_ = std::string("/files/") + kWheel;
  std::uint64_t progress_ = 0;
};

TEST_F(PythonIndexTest, ListsHtmlRelativeToWhereTheRedirectEnded) {
  server_.answer("/simple/toy/", {.status = 301, .headers = {{"Location", "/moved/toy/"}}});
  server_.answer("/moved/toy/", {.headers = {{"Content-Type", "text/html"}}, .body = "<a href='toy-1.0.tar.gz'>x</a>"});
  const auto files = list_index_files(*client_, index_, "Toy");
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].url, server_.url("/moved/toy/toy-1.0.tar.gz"));
}

TEST_F(PythonIndexTest, AsksForJsonAndReadsItByContentType) {
  server_.answer("/simple/toy/",
                 {.headers = {{"Content-Type", std::string(kJsonType) + "; charset=utf-8"}},
                  .body = R"({"meta":{"api-version":"1.0"},"files":[{"filename":"a.whl","url":"a.whl","size":7}]})"});
  EXPECT_EQ(list_index_files(*client_, index_, "toy").at(0).size_bytes, 7U);
  EXPECT_THAT(server_.requests().at(0).headers.at("accept"), testing::StartsWith(kJsonType));
}

TEST_F(PythonIndexTest, NamesAreNormalisedInTheUrl) {
  server_.answer("/simple/my-toy/", {.headers = {{"Content-Type", "text/html"}}, .body = "<a href='/x.whl'>x</a>"});
  EXPECT_EQ(list_index_files(*client_, index_, "My__Toy").size(), 1U);
}

TEST_F(PythonIndexTest, UnknownProjectHasNoFiles) {
  EXPECT_TRUE(list_index_files(*client_, index_, "unknown").empty());
}

TEST_F(PythonIndexTest, RefusedLoginIsAnErrorThatSaysWhereToPutIt) {
  server_.answer("/simple/toy/", {.status = 401});
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("401"));
  EXPECT_THAT(error.hint_text(), HasSubstr("netrc"));
  EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
}

TEST_F(PythonIndexTest, IndexOnDiskIsRead) {
  const TempDir dir;
  write_file_atomically(dir.path() / "simple/toy/index.html", "<a href='../../toy.whl'>x</a>");
  const PythonIndex local{"local", "file://" + (dir.path() / "simple").string()};
  EXPECT_EQ(list_index_files(*client_, local, "toy").at(0).url, "file://" + (dir.path() / "toy.whl").string());
  EXPECT_TRUE(list_index_files(*client_, local, "other").empty());
}

TEST_F(PythonIndexTest, FetchesVerifiesAndCountsProgress) {
  offer(link(digest_.hex()));
  server_.answer(file_target_, {.body = content_});
  fetch(content_.size());
  EXPECT_EQ(stored(), content_);
  EXPECT_EQ(progress_, content_.size());
}

TEST_F(PythonIndexTest, WhatIsInTheStoreIsNotFetched) {
  const auto writer = store_.begin();
  writer->write(as_bytes(content_));
  writer->commit();
  fetch();
  EXPECT_TRUE(server_.requests().empty());
}

/// A file of 100,000 bytes that is fetched in parts, from a server that tells its date only.
struct DatedFileTest : PythonIndexTest {
  DatedFileTest() {
    client_ = make_ranged_client(make_http_client(cancellation_, impatient()),
                                 {.file_bytes = 20'000, .part_bytes = 10'000, .alone_bytes = 10'000, .loopback = true});
  }
  void fetch_file() {
    fetch_python_file(*client_, store_, urls_, {"default", files_.url("/simple")}, "toy", kWheel, wanted_, file_.size(),
                      [this](std::uint64_t more) { progress_ += more; });
  }
  std::size_t whole_requests() const {
    const std::vector<test::SeenRequest> requests = files_.requests();
    return static_cast<std::size_t>(std::ranges::count_if(requests, [](const test::SeenRequest& request) {
      return request.target.ends_with(".whl") && !request.headers.contains("range");
    }));
  }
  const std::string file_ = std::string(100'000, 'a');
  const std::string other_ = std::string(100'000, 'b');
  const BlobDigest wanted_{sha256(file_)};
  std::atomic<int> parts_of_other_ = 0;  ///< so many of the next parts are those of another file
  std::atomic<bool> is_whole_other_ = false;
  HttpServer files_{[this](const test::SeenRequest& request) {
    if (!request.target.ends_with(".whl")) {
      return CannedAnswer{.headers = {{"Content-Type", "text/html"}},
                          .body = fmt::format("<a href='/{}#sha256={}'>x</a>", kWheel, wanted_.hex())};
    }
    const bool is_part = request.headers.contains("range");
    const bool is_other = is_part ? parts_of_other_-- > 0 : is_whole_other_.load();
    return CannedAnswer{.headers = {{"Last-Modified", "Wed, 01 May 2024 10:00:00 GMT"}},
                        .body = is_other ? other_ : file_};
  }};
};

TEST_F(DatedFileTest, ComesInParts) {
  fetch_file();
  EXPECT_TRUE(store_.find(wanted_));
  EXPECT_EQ(whole_requests(), 0U);
  EXPECT_EQ(progress_, file_.size());
}

TEST_F(DatedFileTest, PartsOfTwoFilesComeOnceMoreAsOneStream) {
  parts_of_other_ = 2;
  fetch_file();
  EXPECT_TRUE(store_.find(wanted_));
  EXPECT_EQ(whole_requests(), 1U);
  EXPECT_EQ(progress_, file_.size()) << "no byte is counted twice";
}

TEST_F(DatedFileTest, AnotherFileThenIsAnError) {
  parts_of_other_ = 2;
  is_whole_other_ = true;
  try {
    fetch_file();
    FAIL() << "other bytes";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    EXPECT_THAT(error.message(), HasSubstr(wanted_.hex()));
  }
  EXPECT_EQ(whole_requests(), 1U);
  EXPECT_FALSE(store_.find(wanted_));
}

TEST_F(PythonIndexTest, RepeatedTryReportsNoByteTwice) {
  offer(link(digest_.hex()));
  server_.script(file_target_, {{.body = content_, .cut_after = 5}, {.body = content_}});
  fetch();
  EXPECT_EQ(stored(), content_);
  EXPECT_EQ(progress_, content_.size());
}

TEST_F(PythonIndexTest, CutDownloadGoesOnAndIsStillVerified) {
  offer(link(digest_.hex()));
  const CannedAnswer whole{.headers = {{"ETag", "\"v1\""}}, .body = content_};
  CannedAnswer cut = whole;
  cut.cut_after = 5;
  server_.script(file_target_, {cut, whole});
  fetch(content_.size());
  EXPECT_EQ(stored(), content_);
  EXPECT_EQ(server_.requests().back().headers.at("range"), "bytes=5-");
}

TEST_F(PythonIndexTest, SecondFetchSkipsTheListing) {
  offer(link(digest_.hex()));
  server_.answer(file_target_, {.body = content_});
  fetch();
  MemoryStore empty;
  fetch_python_file(*client_, empty, urls_, index_, "toy", kWheel, digest_, 0, {});
  EXPECT_TRUE(empty.find(digest_));
  EXPECT_EQ(server_.count("/simple/toy/"), 1U);
  EXPECT_EQ(server_.requests().back().headers.at("authorization"), "Basic dXNlcjpodW50ZXIy");  // user:hunter2
}

TEST_F(PythonIndexTest, RememberedUrlThatFailsIsLookedUpAgain) {
  offer(link(digest_.hex()));
  server_.answer(file_target_, {.body = content_});
  fetch();
  server_.answer(file_target_, {.status = 404});
  offer(fmt::format("<a href='/new/{}#sha256={}'>x</a>", kWheel, digest_.hex()));
  server_.answer(std::string("/new/") + kWheel, {.body = content_});
  MemoryStore empty;
  fetch_python_file(*client_, empty, urls_, index_, "toy", kWheel, digest_, 0, {});
  EXPECT_TRUE(empty.find(digest_));
}

/// What was written under any key.
class SpyingKeyIndex final : public KeyIndex {
 public:
  std::optional<std::string> get(const StepKey& key) override { return inner_.get(key); }
  void put(const StepKey& key, std::string_view facts) override {
    written += facts;
    inner_.put(key, facts);
  }
  std::optional<KeyCard> last_card(std::string_view id) override { return inner_.last_card(id); }
  void remember_card(std::string_view id, const KeyCard& card) override { inner_.remember_card(id, card); }
  std::string written;

 private:
  MemoryKeyIndex inner_;
};

TEST_F(PythonIndexTest, NeitherUserInfoNorQueryIsRemembered) {
  SpyingKeyIndex spy;
  offer(link(digest_.hex()));
  server_.answer(file_target_, {.body = content_});
  fetch_python_file(*client_, store_, spy, index_, "toy", kWheel, digest_, 0, {});
  EXPECT_THAT(spy.written, HasSubstr(kWheel));
  EXPECT_THAT(spy.written, Not(HasSubstr("hunter2")));
  spy.written.clear();
  const BlobDigest other(sha256("signed"));
  offer(fmt::format("<a href='/files/{}?signature=secret#sha256={}'>x</a>", kWheel, other.hex()));
  server_.answer(file_target_ + "?signature=secret", {.body = "signed"});
  fetch_python_file(*client_, store_, spy, index_, "toy", kWheel, other, 0, {});
  EXPECT_EQ(spy.written, "");
}

TEST_F(PythonIndexTest, CredentialsOfTheIndexStayOnItsOrigin) {
  HttpServer files;
  files.answer("/" + std::string(kWheel), {.body = content_});
  offer(fmt::format("<a href='{}'>x</a>", files.url("/" + std::string(kWheel))));
  fetch();
  EXPECT_EQ(server_.requests().at(0).headers.at("authorization"), "Basic dXNlcjpodW50ZXIy");
  EXPECT_FALSE(files.requests().at(0).headers.contains("authorization"));
}

TEST_F(PythonIndexTest, WrongBytesNameBothDigestsAndStoreNothing) {
  offer(fmt::format("<a href='/files/{}'>x</a>", kWheel));
  server_.answer(file_target_, {.body = "something else"});
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr(kWheel));
  EXPECT_THAT(error.message(), HasSubstr("project `Toy`"));
  EXPECT_THAT(error.message(), HasSubstr("index `default`"));
  EXPECT_THAT(error.message(), HasSubstr(digest_.hex()));
  EXPECT_THAT(error.message(), HasSubstr(sha256("something else").hex()));
  EXPECT_FALSE(store_.find(digest_));
  EXPECT_FALSE(store_.find(BlobDigest(sha256("something else"))));
}

TEST_F(PythonIndexTest, ListedDigestThatDiffersIsRefusedWithoutDownload) {
  offer(link(std::string(64, 'e')));
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr(std::string(64, 'e')));
  EXPECT_EQ(server_.count(file_target_), 0U);
}

TEST_F(PythonIndexTest, EndlessFileIsLeftAtItsPromisedSize) {
  offer(link(digest_.hex()));
  server_.answer(file_target_, {.body = content_ + std::string(10U << 20U, 'x')});
  const Error error = failure(content_.size());
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr("larger than the 9 bytes"));
  EXPECT_EQ(server_.count(file_target_), 1U);
}

TEST_F(PythonIndexTest, ShortFileIsRefused) {
  offer(link(digest_.hex()));
  server_.answer(file_target_, {.body = "the", .no_length = true});
  EXPECT_THAT(failure(content_.size()).message(), HasSubstr("has 3 bytes, it should have 9"));
}

TEST_F(PythonIndexTest, MissingFileNamesEverythingAndAWayOut) {
  offer("<a href='/files/toy-0.9-py3-none-any.whl'>old</a>");
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr(kWheel));
  EXPECT_THAT(error.message(), HasSubstr("127.0.0.1"));
  EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(error.hint_text(), HasSubstr("mlbuild lock"));
}

TEST_F(PythonIndexTest, FileNameFromHeadersIsIgnored) {
  offer(link(digest_.hex()));
  server_.answer(file_target_,
                 {.headers = {{"Content-Disposition", "attachment; filename=../../evil"}}, .body = content_});
  fetch();
  EXPECT_EQ(stored(), content_);
}

TEST_F(PythonIndexTest, SizeIsAskedByHead) {
  server_.answer("/f.whl", {.body = "12345"});
  EXPECT_EQ(query_size(*client_, server_.url("/f.whl")), 5U);
  EXPECT_EQ(server_.requests().back().method, "HEAD");
}

TEST_F(PythonIndexTest, SizeIsAskedByRangeWhereHeadIsRefused) {
  const HttpServer server([](const test::SeenRequest& request) -> CannedAnswer {
    if (request.method == "HEAD") return {.status = 405};
    return {.body = std::string(1U << 20U, 'x')};
  });
  EXPECT_EQ(query_size(*client_, server.url("/f.whl")), 1U << 20U);
  EXPECT_EQ(server.requests().back().headers.at("range"), "bytes=0-0");
}

TEST_F(PythonIndexTest, SizeIsTakenFromTheHeadersWhenRangesAreIgnored) {
  const HttpServer server([](const test::SeenRequest& request) -> CannedAnswer {
    if (request.method == "HEAD") return {.status = 403};
    return {.headers = {{"Accept-Ranges", "none"}}, .body = std::string(32U << 20U, 'x')};
  });
  EXPECT_EQ(query_size(*client_, server.url("/f.whl")), 32U << 20U);
}

TEST(AuthorizedUrl, AddsUserInfoToTheSameOriginOnly) {
  const PythonIndex index{"default", "https://u:p@host.example/simple"};
  EXPECT_EQ(authorized_url(index, "https://host.example/f.whl"), "https://u:p@host.example/f.whl");
  EXPECT_EQ(authorized_url(index, "https://host.example:8443/f.whl"), "https://host.example:8443/f.whl");
  EXPECT_EQ(authorized_url(index, "http://host.example/f.whl"), "http://host.example/f.whl");
  EXPECT_EQ(authorized_url(index, "https://files.example/f.whl"), "https://files.example/f.whl");
}

}  // namespace
}  // namespace mlbuild
