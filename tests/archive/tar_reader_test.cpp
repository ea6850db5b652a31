#include "archive/tar_forge.hpp"
#include "io/hex.hpp"
#include "io/throws.hpp"

#include "mlbuild/archive/tar.hpp"

#include <gtest/gtest.h>

#include <clocale>

namespace mlbuild {
namespace {

using test::end_of_tar;
using test::expect_error;
using test::forged_extension;
using test::forged_file;
using test::ForgedHeader;
using test::pax_record;

struct Seen {
  TarEntry entry;
  std::string content;
};

std::vector<Seen> read(std::string_view tar) {
  std::vector<Seen> seen;
  SpanSource source(as_bytes(tar));
  read_tar(source, [&](const TarEntry& entry, Source& content) {
    seen.push_back({entry, std::string(as_text(read_all(content, 1 << 20U)))});
  });
  return seen;
}

void expect_refused(std::string_view tar, const std::string& why) {
  expect_error(ErrorKind::Foreign, why, [&] { read(tar); });
}

std::string special(const std::string& name, char type, const std::string& link = "") {
  ForgedHeader header;
  header.name = name;
  header.type = type;
  header.link = link;
  return header.block();
}

TEST(ReadTar, ReadsBackWhatTarHeaderWrites) {
  std::vector<TarEntry> entries;
  for (const std::size_t length : {1U, 99U, 100U, 101U, 155U, 156U, 250U}) {
    TarEntry entry;
    entry.path = "d/" + std::string(length, 'n') + "/ü";
    entry.size_bytes = length * 7 % 1100;
    entry.mode = 0640;
    entry.uid = length * 100'000;
    entry.gid = 4'000'000'000;
    entry.mtime_seconds = static_cast<std::int64_t>(length) * 100 - 5000;
    entries.push_back(entry);
    entry.path = "l/" + std::string(length, 'n');
    entry.size_bytes = 0;
    entry.type = TarType::Symlink;
    entry.link_target = "../" + std::string(length, 'x') + "/è//..";
    entries.push_back(entry);
    entry.path = "h/" + std::string(length, 'n');
    entry.type = TarType::Hardlink;
    entry.link_target = entries[entries.size() - 2].path;
    entries.push_back(entry);
    entry.path = "t/" + std::string(length, 'n');
    entry.type = TarType::Directory;
    entry.link_target.clear();
    entries.push_back(entry);
  }
  std::string tar;
  for (const TarEntry& entry : entries) {
    tar += tar_header(entry) + test::sample_text(entry.size_bytes) +
           std::string(tar_padding_bytes(entry.size_bytes), '\0');
  }
  const std::vector<Seen> seen = read(tar + std::string(as_text(tar_end_of_archive())));
  ASSERT_EQ(seen.size(), entries.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].entry.path, entries[i].path);
    EXPECT_EQ(seen[i].entry.type, entries[i].type);
    EXPECT_EQ(seen[i].entry.mode, entries[i].mode);
    EXPECT_EQ(seen[i].entry.uid, entries[i].uid);
    EXPECT_EQ(seen[i].entry.gid, entries[i].gid);
    EXPECT_EQ(seen[i].entry.mtime_seconds, entries[i].mtime_seconds);
    EXPECT_EQ(seen[i].entry.link_target, entries[i].link_target);
    EXPECT_EQ(seen[i].content, test::sample_text(entries[i].size_bytes));
  }
}

TEST(ReadTar, SkipsContentThatNobodyReads) {
  const std::string tar = forged_file("a", std::string(200'000, 'x')) + forged_file("b", "y") + end_of_tar();
  SpanSource source(as_bytes(tar));
  std::vector<std::string> paths;
  read_tar(source, [&](const TarEntry& entry, Source&) { paths.push_back(entry.path); });
  EXPECT_EQ(paths, (std::vector<std::string>{"a", "b"}));
}

TEST(ReadTar, NormalisesPathsAndLeavesOutTheRoot) {
  const std::vector<Seen> seen =
      read(special("./", '5') + special("./usr/", '5') + forged_file("./usr/x", "1") +
           special("./usr/y", '1', "./usr/x") + special("usr/z", '2', "./../x//") + end_of_tar());
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].entry.path, "usr");
  EXPECT_EQ(seen[1].entry.path, "usr/x");
  EXPECT_EQ(seen[2].entry.link_target, "usr/x");
  EXPECT_EQ(seen[3].entry.link_target, "./../x//");  // data: kept verbatim
}

TEST(ReadTar, ReadsGnuLongNamesAndOldTars) {
  const std::string name = std::string(200, 'd') + "/" + std::string(200, 'n');
  ForgedHeader old;
  old.type = '\0';
  old.magic.clear();
  const std::vector<Seen> seen =
      read(forged_extension('L', "./" + name + '\0') + forged_file("short", "content") +
           forged_extension('K', name + '\0') + special("link", '2', "short") + old.block() + end_of_tar());
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].entry.path, name);
  EXPECT_EQ(seen[0].content, "content");
  EXPECT_EQ(seen[1].entry.link_target, name);
  EXPECT_EQ(seen[2].entry.path, "file");
}

TEST(ReadTar, GivesNamesAsTheyAreInAnyLocale) {
  const std::string decomposed = "e\xCC\x81.txt";  // what normalising would change
  const std::string tar = forged_extension('x', pax_record("path", decomposed)) + forged_file("x", "1") +
                          forged_file(decomposed, "2") + end_of_tar();
  for (const char* locale : {"C", "C.UTF-8"}) {
    ASSERT_NE(std::setlocale(LC_ALL, locale), nullptr);
    const std::vector<Seen> seen = read(tar);
    std::setlocale(LC_ALL, "C");
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].entry.path, decomposed);
    EXPECT_EQ(seen[1].entry.path, decomposed);
  }
}

TEST(ReadTar, RefusesUnsafePaths) {
  for (const char* path : {"/etc/passwd", "../x", "a/../../x", "a/..", "a//b", "a/./b", "a\nb", "a\x1b[2J", "\xE9"}) {
    expect_refused(forged_file(path, "x") + end_of_tar(), "tar entry");
    expect_refused(special("h", '1', path) + end_of_tar(), "hard link target");
  }
  expect_refused(forged_extension('x', pax_record("path", "../x")) + forged_file("a", "x") + end_of_tar(), "`..`");
  expect_refused(special("l", '2', "\xE9") + end_of_tar(), "not valid UTF-8");
  expect_refused(special("./", '2', "x") + end_of_tar(), "root is not a directory");
}

TEST(ReadTar, RefusesNamesThatEndEarlierForSomeReaders) {
  const std::string hidden("good\0../evil", 12);
  expect_refused(forged_extension('x', pax_record("path", hidden)) + forged_file("a", "x") + end_of_tar(), "NUL");
  expect_refused(forged_extension('x', pax_record("linkpath", hidden)) + special("a", '2', "x") + end_of_tar(), "NUL");
  expect_refused(forged_extension('L', hidden + '\0') + forged_file("a", "x") + end_of_tar(), "end where it should");
  expect_refused(forged_extension('L', "unterminated") + forged_file("a", "x") + end_of_tar(), "end where it should");
}

TEST(ReadTar, RefusesDevicesFifosAndUnknownTypes) {
  for (const char type : {'3', '4', '6'}) {
    expect_refused(special("dev/x", type) + end_of_tar(), "neither file, directory nor link");
  }
  for (const char type : {'7', 'S', 'D', 'V', 'M', 'Q', 'A'}) {
    expect_refused(special("x", type) + end_of_tar(), "entry of type");
  }
}

TEST(ReadTar, RefusesContentOnEntriesThatAreNoFiles) {
  for (const char type : {'1', '2', '5'}) {
    const std::string hidden = forged_file("inner", "x");
    ForgedHeader header;
    header.name = "a";
    header.type = type;
    header.link = type == '5' ? "" : "x";
    header.size_field = "00000002000";
    expect_refused(header.block() + hidden + end_of_tar(), "no file has content");
    header.size_field = "00000000000";
    expect_refused(forged_extension('x', pax_record("size", "1024")) + header.block() + hidden + end_of_tar(),
                   "has content");
  }
}

TEST(ReadTar, RefusesASizeThatIsGivenInTwoWays) {
  const std::string inner = forged_file("inner", "x");  // a reader that believes the header's size of 0 sees it
  expect_refused(forged_extension('x', pax_record("size", "1024")) + forged_file("a", "") + inner + end_of_tar(),
                 "contradicts");
  expect_refused(forged_extension('x', pax_record("size", "0")) + forged_file("a", inner) + end_of_tar(),
                 "contradicts");
  EXPECT_EQ(read(forged_extension('x', pax_record("size", "5")) + forged_file("a", "12345") + end_of_tar()).size(), 1U);
}

TEST(ReadTar, RefusesSparseFiles) {
  const std::string records = pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
                              pax_record("GNU.sparse.realsize", "4611686018427387904");
  expect_refused(forged_extension('x', records) + forged_file("a", "0\n") + end_of_tar(), "sparse");
}

TEST(ReadTar, RefusesMalformedPaxHeaders) {
  for (const std::string payload : {"9 path=x\nzz", "99 path=x\n", "5 abc", "7 =xyz\n", "0 path=x\n", "-9 path=x\n",
                                    "path=x\n", "9999999999999999999999 path=x\n", "8 path=\n", "11 size=-1\n"}) {
    expect_refused(forged_extension('x', payload) + forged_file("a", "x") + end_of_tar(), "pax header");
  }
  expect_refused(forged_extension('g', pax_record("path", "all")) + forged_file("a", "x") + end_of_tar(),
                 "global pax header");
  expect_refused(
      forged_extension('x', pax_record("comment", std::string(1 << 20U, 'c'))) + forged_file("a", "") + end_of_tar(),
      "extended header has");
}

TEST(ReadTar, AcceptsAGlobalComment) {  // git archive writes one
  EXPECT_EQ(read(forged_extension('g', pax_record("comment", "commit")) + forged_file("a", "x") + end_of_tar()).size(),
            1U);
}

TEST(ReadTar, RefusesBadNumbersAndChecksums) {
  ForgedHeader header;
  header.size_field = "0000000000x";
  expect_refused(header.block() + end_of_tar(), "not an octal number");
  header.size_field = "\x80" + std::string(11, '\xFF');
  expect_refused(header.block() + end_of_tar(), "too large");
  header.size_field = std::string(12, '\xFF');  // -1
  expect_refused(header.block() + end_of_tar(), "not an octal number");
  std::string tar = forged_file("a", "x") + end_of_tar();
  tar[1] = 'b';
  expect_refused(tar, "checksum");
}

TEST(ReadTar, RefusesEveryTruncation) {
  const std::string tar = forged_extension('x', pax_record("path", "long")) + forged_file("a", std::string(700, 'x')) +
                          forged_file("zeros", std::string(1024, '\0')) + std::string(512, '\0');
  EXPECT_EQ(read(tar).size(), 2U);
  for (std::size_t size = 0; size < tar.size(); ++size) expect_refused(std::string_view(tar).substr(0, size), "tar is");
}

TEST(ReadTar, RefusesBytesBehindTheEnd) {
  expect_refused(forged_file("a", "x") + end_of_tar() + forged_file("b", "x") + end_of_tar(), "behind its end");
  expect_refused(forged_file("a", "x") + std::string(512, '\0') + forged_file("b", "x") + end_of_tar(),
                 "behind its end");
  EXPECT_EQ(read(forged_file("a", "x") + std::string(10240, '\0')).size(), 1U);  // filled up to a record
}

TEST(ReadTar, RefusesWhatIsNoTar) {
  expect_refused("", "tar is");
  expect_refused(std::string(2000, 'g'), "tar is");
  EXPECT_TRUE(read(end_of_tar()).empty());
}

class FailingSource final : public Source {
 public:
  std::size_t read(MutableByteSpan) override { throw Error(ErrorKind::Network, "the line went dead"); }
};

TEST(ReadTar, PassesOnTheFailureOfItsInput) {
  FailingSource source;
  expect_error(ErrorKind::Network, "the line went dead", [&] { read_tar(source, [](const TarEntry&, Source&) {}); });
}

TEST(ReadTar, PassesOnTheFailureOfTheVisitor) {
  const std::string tar = forged_file("a", "x") + end_of_tar();
  SpanSource source(as_bytes(tar));
  expect_error(ErrorKind::Step, "enough",
               [&] { read_tar(source, [](const TarEntry&, Source&) { throw Error(ErrorKind::Step, "enough"); }); });
}

}  // namespace
}  // namespace mlbuild
