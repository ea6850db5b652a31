#include "io/throws.hpp"

#include "mlbuild/archive/tar.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::expect_error;

TarEntry file(const std::string& path, std::uint64_t size_bytes = 0) {
  TarEntry entry;
  entry.path = path;
  entry.size_bytes = size_bytes;
  return entry;
}

std::string field(const std::string& block, std::size_t offset, std::size_t size) { return block.substr(offset, size); }

TEST(TarHeader, PutsEveryFieldWhereUstarWantsIt) {  // POSIX.1-2017, pax, "ustar Interchange Format"
  TarEntry entry = file("usr/bin/tool", 01234);
  entry.mode = 04755;
  entry.uid = 01000;
  entry.gid = 042;
  entry.mtime_seconds = 0123456;
  const std::string block = tar_header(entry);
  ASSERT_EQ(block.size(), 512U);
  EXPECT_EQ(field(block, 0, 13), std::string("usr/bin/tool\0", 13));
  EXPECT_EQ(field(block, 100, 8), std::string("0004755\0", 8));
  EXPECT_EQ(field(block, 108, 8), std::string("0001000\0", 8));
  EXPECT_EQ(field(block, 116, 8), std::string("0000042\0", 8));
  EXPECT_EQ(field(block, 124, 12), std::string("00000001234\0", 12));
  EXPECT_EQ(field(block, 136, 12), std::string("00000123456\0", 12));
  EXPECT_EQ(block[156], '0');
  EXPECT_EQ(field(block, 257, 8), std::string("ustar\00000", 8));
  EXPECT_EQ(field(block, 265, 64), std::string(64, '\0'));  // no owner names
}

TEST(TarHeader, TheChecksumCountsItselfAsSpaces) {
  std::string block = tar_header(file("a"));
  const unsigned stored = static_cast<unsigned>(std::stoul(block.substr(148, 6), nullptr, 8));
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  EXPECT_EQ(stored, sum);
}

TEST(TarHeader, DirectoriesEndInASlash) {
  TarEntry entry = file("usr");
  entry.type = TarType::Directory;
  const std::string block = tar_header(entry);
  EXPECT_EQ(field(block, 0, 5), std::string("usr/\0", 5));
  EXPECT_EQ(block[156], '5');
}

TEST(TarHeader, SplitsLongPathsInsteadOfExtendingThem) {
  const std::string directory(150, 'd');
  const std::string name(100, 'n');
  const std::string block = tar_header(file(directory + "/" + name));
  ASSERT_EQ(block.size(), 512U);
  EXPECT_EQ(field(block, 0, 100), name);
  EXPECT_EQ(field(block, 345, 150), directory);
}

TEST(TarHeader, ExtendsOnlyWhatUstarCannotExpress) {
  const auto extended = [](const TarEntry& entry) { return tar_header(entry).size() > 512; };
  EXPECT_FALSE(extended(file(std::string(100, 'n'))));
  EXPECT_TRUE(extended(file(std::string(101, 'n'))));
  EXPECT_TRUE(extended(file(std::string(156, 'd') + "/n")));
  EXPECT_TRUE(extended(file("für")));
  EXPECT_FALSE(extended(file("big", 077777777777)));
  EXPECT_TRUE(extended(file("big", 0100000000000)));
  TarEntry entry = file("a");
  entry.uid = 07777777;
  EXPECT_FALSE(extended(entry));
  entry.uid = 010000000;
  EXPECT_TRUE(extended(entry));
  entry = file("a");
  entry.mtime_seconds = -1;
  EXPECT_TRUE(extended(entry));
}

TEST(TarHeader, WritesRecordsThatCountThemselves) {
  const std::string path(101, 'n');
  const std::string header = tar_header(file(path));
  ASSERT_EQ(header.size(), 3 * 512U);
  EXPECT_EQ(header[156], 'x');
  EXPECT_EQ(header.substr(512, 111), "111 path=" + path + "\n");
  EXPECT_EQ(header.substr(124, 11), "00000000157");  // 111, octal
}

TEST(TarHeader, RefusesEntriesThatNobodyMayWrite) {
  const auto refused = [](const TarEntry& entry) {
    expect_error(ErrorKind::Internal, "cannot be written", [&] { tar_header(entry); });
  };
  for (const char* path : {"", "/etc", "a/../b", "a//b", "a/", ".", "a\nb", "\xFF"}) refused(file(path));
  TarEntry link = file("a");
  link.type = TarType::Symlink;
  refused(link);  // without a target
  TarEntry directory = file("a", 3);
  directory.type = TarType::Directory;
  refused(directory);
  TarEntry mode = file("a");
  mode.mode = 0100644;
  refused(mode);
}

TEST(TarPadding, FillsBlocks) {
  EXPECT_EQ(tar_padding_bytes(0), 0U);
  EXPECT_EQ(tar_padding_bytes(1), 511U);
  EXPECT_EQ(tar_padding_bytes(512), 0U);
  EXPECT_EQ(tar_padding_bytes(std::uint64_t{1} << 40U), 0U);
  EXPECT_EQ(tar_end_of_archive().size(), 1024U);
}

TEST(WhyUnsafePath, NamesTheReason) {
  EXPECT_EQ(why_unsafe_path("usr/lib/x.so"), "");
  EXPECT_EQ(why_unsafe_path("..."), "");
  EXPECT_EQ(why_unsafe_path("a/.wh.b"), "");
  EXPECT_EQ(why_unsafe_path("für/äöü"), "");
  EXPECT_NE(why_unsafe_path("../a").find("`..`"), std::string::npos);
  EXPECT_NE(why_unsafe_path("a/..").find("`..`"), std::string::npos);
  EXPECT_NE(why_unsafe_path("/a").find("absolute"), std::string::npos);
  EXPECT_NE(why_unsafe_path(std::string("a\0b", 3)).find("control"), std::string::npos);
  EXPECT_NE(why_unsafe_path(std::string(256, 'a')).find("255"), std::string::npos);
}

}  // namespace
}  // namespace mlbuild
