#include "mlbuild/index/release.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

const std::string kHex(64, 'b');
const std::string kRelease =
    "Origin: Debian\nSuite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n"
    "Valid-Until: Sat, 18 Jul 2026 10:16:37 UTC\nAcquire-By-Hash: yes\nMD5Sum:\n 0123 12 "
    "main/binary-amd64/Packages.xz\n"
    "SHA256:\n " +
    kHex + "   8793924 main/binary-amd64/Packages.xz\n";

TEST(Release, ReadsFieldsAndSha256List) {
  const Release release = Release::parse(kRelease);
  EXPECT_EQ(release.suite, "oldstable");
  EXPECT_EQ(release.codename, "bookworm");
  EXPECT_TRUE(release.acquire_by_hash);
  EXPECT_EQ(release.date_seconds, 1783764997);  // date -u -d '2026-07-11 10:16:37' +%s
  EXPECT_EQ(release.valid_until_seconds, 1783764997 + 7 * 86400);
  ASSERT_EQ(release.files.size(), 1U);
  EXPECT_EQ(release.files.at("main/binary-amd64/Packages.xz").size_bytes, 8793924U);
  EXPECT_EQ(release.files.at("main/binary-amd64/Packages.xz").sha256, BlobDigest::parse(kHex));
}

TEST(Release, ValidUntilMayBeMissing) {
  const Release release = Release::parse("Date: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " + kHex + " 1 a\n");
  EXPECT_FALSE(release.valid_until_seconds);
  EXPECT_FALSE(release.acquire_by_hash);
}

TEST(Release, MalformedTextsAreForeignErrors) {
  const std::string date = "Date: Sat, 11 Jul 2026 10:16:37 UTC\n";
  const std::string line = " " + kHex;
  for (const std::string& text :
       {std::string(), date, std::string("no field"), date + "SHA256:\n short 1 a\n",
        fmt::format("{}SHA256:\n{} x a\n", date, line), fmt::format("{}SHA256:\n{} 1\n", date, line),
        fmt::format("SHA256:\n{} 1 a\n", line), fmt::format("Date: yesterday\nSHA256:\n{} 1 a\n", line)}) {
    try {
      Release::parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign) << text;
    }
  }
}

TEST(ReleaseDate, TakesTheFormsOfUtcOnly) {
  EXPECT_EQ(parse_release_date("Thu, 01 Jan 1970 00:00:01 UTC"), 1);
  EXPECT_EQ(parse_release_date("Thu,  1 Jan 1970 00:00:01 GMT"), 1);
  EXPECT_EQ(parse_release_date("Thu, 29 Feb 2024 12:00:00 +0000"), 1709208000);
  for (const char* text :
       {"", "Thu, 30 Feb 2024 12:00:00 UTC", "Thu, 29 Feb 2024 12:00:00 CET", "Thu, 29 Feb 2024 25:00:00 UTC",
        "Thu, 29 Foo 2024 12:00:00 UTC", "Thu, 29 Feb 99999 12:00:00 UTC"}) {
    EXPECT_THROW(parse_release_date(text), Error) << text;
  }
}

TEST(ReleaseDate, PrintsRfc3339) {
  EXPECT_EQ(to_rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(1783764997), "2026-07-11T10:16:37Z");
}

}  // namespace
}  // namespace mlbuild
