#include "mlbuild/index/debian_repository.hpp"

#include "fake_debian_archive.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::FakeDebianArchive;
using testing::HasSubstr;

constexpr const char* kInRelease = "/debian/dists/toy/InRelease";

class DebianRepositoryTest : public testing::Test {
 protected:
  DebianRepositoryTest() { archive_.publish_all(); }

  DebianIndex fetch() {
    return fetch_debian_index(*client_, store_, mirrors_, "toy", "amd64", archive_.keyring(), cancellation_);
  }
  Error failure() {
    try {
      fetch();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, ""};
  }
  /// The InRelease as it is served now, changed.
  void tamper(const std::function<std::string(std::string)>& change) {
    std::string text;
    BytesSink sink;
    HttpRequest request;
    request.url = archive_.server.url(kInRelease);
    client_->fetch(request, [&](const HttpResponse&) -> Sink& { return sink; });
    archive_.server.answer(kInRelease, {.body = change(std::string(sink.text()))});
  }

  FakeDebianArchive archive_;
  Cancellation cancellation_;
  std::unique_ptr<HttpClient> client_ = make_http_client(cancellation_, {.backoff_base = std::chrono::milliseconds(1)});
  DebianMirrors mirrors_{archive_.server.url("/debian"), archive_.server.url("/debian-security")};
  MemoryStore store_;
};

TEST_F(DebianRepositoryTest, ReadsThreeVerifiedSuites) {
  const DebianIndex index = fetch();
  ASSERT_EQ(index.releases.size(), 3U);
  EXPECT_EQ(index.releases[0].suite, "toy");
  EXPECT_EQ(index.releases[0].date, "2026-07-11T10:16:37Z");
  EXPECT_EQ(index.releases[2].suite, "toy-security");
  EXPECT_TRUE(store_.find(index.releases[0].in_release_digest));
  const debian::Package* hello = index.packages.find("hello");
  ASSERT_NE(hello, nullptr);
  EXPECT_EQ(hello->version, "1.2");
  EXPECT_EQ(hello->suite, "toy-security");
}

TEST_F(DebianRepositoryTest, PackagesComeByHashAndOnceOnly) {
  fetch();
  fetch();
  EXPECT_EQ(archive_.server.count(archive_.by_hash_target("/debian", "toy")), 1U);
  EXPECT_EQ(archive_.server.count(FakeDebianArchive::target_of_packages("/debian", "toy")), 0U);
}

TEST_F(DebianRepositoryTest, MirrorWithoutByHashFoldersWorks) {
  archive_.server.answer(archive_.by_hash_target("/debian", "toy"), {.status = 404});
  EXPECT_EQ(fetch().releases.size(), 3U);
  EXPECT_EQ(archive_.server.count(FakeDebianArchive::target_of_packages("/debian", "toy")), 1U);
}

TEST_F(DebianRepositoryTest, ChangedReleaseIsRefused) {
  tamper([](std::string text) { return text.replace(text.find("Codename: toy"), 13, "Codename: tox"); });
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr("BADSIG"));
  EXPECT_THAT(error.context(), testing::Contains(HasSubstr("suite `toy`")));
}

TEST_F(DebianRepositoryTest, SignatureOfAnUnknownKeyIsRefused) {
  archive_.make_key("stranger@example.org");
  archive_.publish("/debian", "toy",
                   {.codename = "toy", .packages = "", .valid_until = {}, .signer = "stranger@example.org"});
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr("lacks key"));
}

TEST_F(DebianRepositoryTest, UnsignedReleaseIsRefused) {
  archive_.server.answer(kInRelease, {.body = "Codename: toy\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n"});
  EXPECT_EQ(failure().kind(), ErrorKind::Foreign);
}

TEST_F(DebianRepositoryTest, TextAroundTheSignedMessageIsRefused) {
  tamper([](const std::string& text) { return "Codename: toy\n\n" + text; });
  EXPECT_THAT(failure().message(), HasSubstr("not one clear-signed text"));
  tamper([](const std::string& text) { return text.substr(15) + "Codename: toy\n"; });
  EXPECT_THAT(failure().message(), HasSubstr("not one clear-signed text"));
}

TEST_F(DebianRepositoryTest, TwoMessagesInOneFileAreRefused) {
  tamper([](const std::string& text) { return text + text; });
  EXPECT_THAT(failure().message(), HasSubstr("not one clear-signed text"));
}

TEST_F(DebianRepositoryTest, ReleaseOfAnotherSuiteIsRefused) {
  archive_.publish("/debian", "toy", {.codename = "other", .packages = "", .valid_until = {}});
  EXPECT_THAT(failure().message(), HasSubstr("`other`"));
}

TEST_F(DebianRepositoryTest, ExpiredReleaseIsRefused) {
  archive_.publish("/debian", "toy",
                   {.codename = "toy", .packages = "", .valid_until = "Sat, 18 Jul 2020 10:16:37 UTC"});
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr("valid until 2020-07-18T10:16:37Z"));
}

TEST_F(DebianRepositoryTest, ChangedPackagesAreRefused) {
  const std::string good = test::xz(FakeDebianArchive::packages_text("1.0"));
  std::string bad = good;
  bad[bad.size() / 2] ^= 1;
  archive_.server.answer(archive_.by_hash_target("/debian", "toy"), {.body = bad});
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  EXPECT_THAT(error.message(), HasSubstr(sha256(good).hex()));
}

TEST_F(DebianRepositoryTest, PackagesOfAnotherSizeAreRefused) {
  archive_.server.answer(archive_.by_hash_target("/debian", "toy"),
                         {.body = test::xz(FakeDebianArchive::packages_text("1.0")) + "more"});
  EXPECT_THAT(failure().message(), HasSubstr("larger than"));
}

TEST_F(DebianRepositoryTest, UnknownArchitectureSaysSo) {
  EXPECT_THROW(fetch_debian_index(*client_, store_, mirrors_, "toy", "riscv64", archive_.keyring(), cancellation_),
               Error);
  EXPECT_THROW(fetch_debian_index(*client_, store_, mirrors_, "../toy", "amd64", archive_.keyring(), cancellation_),
               Error);
}

TEST_F(DebianRepositoryTest, MissingSuiteNamesTheMirror) {
  archive_.server.answer(kInRelease, {.status = 404});
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::Network);
  EXPECT_THAT(error.message(), HasSubstr("has no suite `toy`"));
}

TEST_F(DebianRepositoryTest, MissingKeyringNamesThePackage) {
  try {
    fetch_debian_index(*client_, store_, mirrors_, "toy", "amd64", "/nowhere/keys.gpg", cancellation_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.hint_text(), HasSubstr("debian-archive-keyring"));
  }
}

TEST_F(DebianRepositoryTest, DebIsFetchedFromTheMirrorOfItsSuite) {
  const BlobDigest digest(sha256("hello.deb"));
  archive_.server.answer("/debian-security/pool/main/h/hello/hello_1%3A1.2~a+b_amd64.deb", {.body = "hello.deb"});
  fetch_deb(*client_, store_, mirrors_, "toy-security", "pool/main/h/hello/hello_1:1.2~a+b_amd64.deb", digest, 9, {});
  EXPECT_EQ(store_.find(digest), 9U);
}

TEST_F(DebianRepositoryTest, SupersededDebHasAWayOut) {
  try {
    fetch_deb(*client_, store_, mirrors_, "toy", "pool/main/h/hello/old.deb", BlobDigest(sha256("x")), 1, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Network);
    EXPECT_THAT(error.hint_text(), HasSubstr("`mlbuild lock` takes the present ones"));
  }
}

TEST_F(DebianRepositoryTest, DebPathMayNotLeaveTheMirror) {
  for (const char* path : {"../x.deb", "/x.deb", "pool//x.deb", "pool/./x.deb", ""}) {
    EXPECT_THROW(fetch_deb(*client_, store_, mirrors_, "toy", path, BlobDigest(sha256("x")), 1, {}), Error) << path;
  }
  EXPECT_TRUE(archive_.server.requests().empty());
}

}  // namespace
}  // namespace mlbuild
