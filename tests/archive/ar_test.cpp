#include "mlbuild/archive/ar.hpp"

#include "io/throws.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::expect_error;

std::string member(const std::string& name, const std::string& content, const std::string& size = "") {
  const std::string length = size.empty() ? std::to_string(content.size()) : size;
  return fmt::format("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n{}", name, 0, 0, 0, 100644, length, content);
}

const std::string kDeb = "!<arch>\n" + member("debian-binary", "2.0\n") + member("control.tar.xz", "abc") + "\n" +
                         member("data.tar.xz/", "data");

std::vector<ArMember> read(std::string_view text) {
  return read_ar_directory(MemoryFile(Bytes(as_bytes(text).begin(), as_bytes(text).end())));
}

void expect_refused(std::string_view text, const std::string& why) {
  expect_error(ErrorKind::Foreign, why, [&] { read(text); });
}

TEST(ArDirectory, FindsTheMembersOfADebianPackage) {
  const std::vector<ArMember> members = read(kDeb);
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[0].name, "debian-binary");
  EXPECT_EQ(members[1].size_bytes, 3U);
  EXPECT_EQ(members[2].name, "data.tar.xz");
  EXPECT_EQ(kDeb.substr(members[2].offset, members[2].size_bytes), "data");
}

TEST(ArDirectory, AcceptsAMissingPaddingByteAtTheEnd) {
  EXPECT_EQ(read("!<arch>\n" + member("a", "abc")).size(), 1U);
  EXPECT_EQ(read("!<arch>\n" + member("a", "abc") + "\n").size(), 1U);
  EXPECT_EQ(read("!<arch>\n").size(), 0U);
}

TEST(ArDirectory, RefusesTruncation) {
  const std::string file = "!<arch>\n" + member("a", "abcd");
  for (std::size_t size = 0; size < file.size(); ++size) {
    if (size != 8) expect_refused(file.substr(0, size), "ar archive");  // 8: an archive without members
  }
}

TEST(ArDirectory, RefusesSizesThatLeaveTheFile) {
  expect_refused("!<arch>\n" + member("a", "abcd", "5"), "truncated in member `a`");
  expect_refused("!<arch>\n" + member("a", "abcd", "9999999999"), "truncated in member `a`");
  expect_refused("!<arch>\n" + member("a", "abcd", "-4"), "not a number");
  expect_refused("!<arch>\n" + member("a", "abcd", "0x4"), "not a number");
  expect_refused("!<arch>\n" + member("a", "abcd", " "), "not a number");
}

TEST(ArDirectory, RefusesLongNamesAndSymbolTables) {
  for (const std::string name : {"/", "//", "/123", "#1/20", "a/b", "a b", "", "\x1b[2J"}) {
    expect_refused("!<arch>\n" + member(name, "abcd"), "unusual name");
  }
}

TEST(ArDirectory, RefusesWrongMagicHeaderEndAndPadding) {
  expect_refused("!<thin>\n" + member("a", "abcd"), "does not begin with");
  std::string file = "!<arch>\n" + member("a", "abcd");
  file[8 + 58] = 'x';
  expect_refused(file, "no member header at 8");
  expect_refused("!<arch>\n" + member("a", "abc") + "x" + member("b", ""), "padding byte after member `a`");
}

TEST(ArDirectory, RefusesManyMembers) {
  std::string file = "!<arch>\n";
  for (int i = 0; i < 1025; ++i) file += member("a", "");
  expect_refused(file, "more than 1024 members");
}

}  // namespace
}  // namespace mlbuild
