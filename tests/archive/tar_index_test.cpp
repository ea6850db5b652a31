#include "mlbuild/archive/tar_index.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;

std::string entry(const std::string& path, const std::string& content) {
  TarEntry header;
  header.path = path;
  header.size_bytes = content.size();
  return tar_header(header) + content + std::string(tar_padding_bytes(content.size()), '\0');
}

std::string archive(const std::string& entries) { return entries + std::string(as_text(tar_end_of_archive())); }

std::vector<TarMember> index_of(const std::string& tar) {
  return read_tar_index(MemoryFile(Bytes(as_bytes(tar).begin(), as_bytes(tar).end())));
}

std::string refusal(const std::string& tar) {
  try {
    index_of(tar);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    return error.message();
  }
  return "";
}

TEST(TarIndex, TellsWhereContentsAre) {
  const std::string long_name = "blobs/" + std::string(200, 'n');  // needs a pax header
  const std::string tar = archive(entry("a", "first") + entry(long_name, "second") + entry("c", ""));
  const std::vector<TarMember> members = index_of(tar);
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(tar.substr(members[0].offset, members[0].size_bytes), "first");
  EXPECT_EQ(members[1].path, long_name);
  EXPECT_EQ(tar.substr(members[1].offset, members[1].size_bytes), "second");
  EXPECT_EQ(members[2].size_bytes, 0U);
}

TEST(TarIndex, RefusesWhatIsCutOrDamaged) {
  const std::string tar = archive(entry("a", "first"));
  EXPECT_THAT(refusal(tar.substr(0, 700)), HasSubstr("truncated"));
  EXPECT_THAT(refusal(tar.substr(0, 1024)), HasSubstr("truncated"));
  std::string damaged = tar;
  damaged[0] = 'b';
  EXPECT_THAT(refusal(damaged), HasSubstr("checksum"));
  EXPECT_THAT(refusal(archive(entry("a", "1") + entry("a", "2"))), HasSubstr("twice"));
}

TEST(TarIndex, ACompressedArchiveIsToldAsSuch) {
  EXPECT_THAT(refusal("\x1F\x8B\x08 and so on"), HasSubstr("compressed as a whole"));
}

}  // namespace
}  // namespace mlbuild
