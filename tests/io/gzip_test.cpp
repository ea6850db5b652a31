#include "io/hex.hpp"
#include "io/throws.hpp"

#include "mlbuild/io/deflate.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::expect_error;
using test::from_hex;
using test::sample_text;

std::string gunzip_text(ByteSpan file) {
  const auto source = gunzip(std::make_unique<SpanSource>(file));
  return std::string(as_text(read_all(*source, 100 << 20U)));
}

Bytes operator+(Bytes a, ByteSpan b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A member whose header has every optional field (RFC 1952, 2.3), CRC16 included; made with the standard's own layout.
Bytes member_with_all_fields() {
  Bytes header = from_hex(
      "1f8b081e112233440003"
      "0400"
      "41420000");  // FEXTRA|FNAME|FCOMMENT|FHCRC, one empty subfield
  header = header + as_bytes(std::string_view("name\0comment\0", 13));
  const std::uint32_t crc = crc32(0, header);
  header.push_back(static_cast<std::byte>(crc & 0xFFU));
  header.push_back(static_cast<std::byte>((crc >> 8U) & 0xFFU));
  return header + from_hex("cb48cdc9c957c84027b900") +
         gzip_member_trailer(crc32(0, as_bytes("hello hello hello hello\n")), 24);
}

TEST(GzipMember, HasTheFixedHeaderAndTrailerOfTheFormat) {
  EXPECT_EQ(Bytes(gzip_member_header().begin(), gzip_member_header().end()), from_hex("1f8b08000000000000ff"));
  EXPECT_EQ(gzip_member_trailer(0xCBF43926, 0x1'0000'0009), from_hex("2639f4cb09000000"));
  const Bytes member = Deflater(6).gzip_member(as_bytes("123456789"));
  EXPECT_EQ(member, Bytes(gzip_member_header().begin(), gzip_member_header().end()) +
                        Deflater(6).raw(as_bytes("123456789")) + gzip_member_trailer(0xCBF43926, 9));
}

TEST(Gunzip, ReadsAllOptionalHeaderFields) {
  EXPECT_EQ(gunzip_text(member_with_all_fields()), "hello hello hello hello\n");
}

TEST(Gunzip, RefusesAWrongHeaderChecksum) {
  Bytes file = member_with_all_fields();
  file[4] ^= std::byte{1};  // mtime: nobody but the header's checksum looks at it
  expect_error(ErrorKind::Foreign, "header has a wrong checksum", [&] { gunzip_text(file); });
}

TEST(Gunzip, ReadsManyMembersAsOneStream) {
  Deflater deflater(6);
  Bytes file;
  std::string text;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string part = sample_text(i * 37 % 1500, static_cast<std::uint32_t>(i));
    text += part;
    file = file + deflater.gzip_member(as_bytes(part));
  }
  EXPECT_EQ(gunzip_text(file), text);
}

TEST(Gunzip, RefusesTheMemberThatLies) {
  const Bytes good = Deflater(6).gzip_member(as_bytes("abc"));
  Bytes wrong_crc = good;
  wrong_crc[good.size() - 8] ^= std::byte{1};
  expect_error(ErrorKind::Foreign, "wrong checksum", [&] { gunzip_text(good + wrong_crc); });
  Bytes wrong_size = good;
  wrong_size[good.size() - 4] ^= std::byte{1};
  expect_error(ErrorKind::Foreign, "another size", [&] { gunzip_text(good + wrong_size); });
}

TEST(Gunzip, RefusesBytesAfterTheLastMember) {
  const Bytes good = Deflater(6).gzip_member(as_bytes("abc"));
  expect_error(ErrorKind::Foreign, "after the last gzip member", [&] { gunzip_text(good + as_bytes("tail")); });
  expect_error(ErrorKind::Foreign, "after the last gzip member", [&] { gunzip_text(good + Bytes(512)); });
}

TEST(Gunzip, RefusesEveryTruncation) {
  const Bytes file = member_with_all_fields();
  for (std::size_t size = 0; size < file.size(); ++size) {
    expect_error(ErrorKind::Foreign, "truncated", [&] { gunzip_text(ByteSpan(file).first(size)); });
  }
}

TEST(Gunzip, RefusesReservedFlagsAndOtherMethods) {
  expect_error(ErrorKind::Foreign, "reserved flags", [] { gunzip_text(from_hex("1f8b08200000000000ff0300")); });
  expect_error(ErrorKind::Foreign, "other than deflate", [] { gunzip_text(from_hex("1f8b07000000000000ff0300")); });
  expect_error(ErrorKind::Foreign, "not a gzip file", [] { gunzip_text(as_bytes("hello, world")); });
}

TEST(Gunzip, GivesTheSameThroughBuffersOfAnySize) {
  Deflater deflater(9);
  const std::string text(500'000, 'z');
  const Bytes file = deflater.gzip_member(as_bytes(text)) + deflater.gzip_member(as_bytes(sample_text(70'000)));
  for (const std::size_t size : {1U, 2U, 3U, 500U, 777U, 4096U, 65536U}) {
    const auto source = gunzip(std::make_unique<SpanSource>(file));
    std::string result;
    Bytes buffer(size);
    for (std::size_t count = source->read(buffer); count != 0; count = source->read(buffer)) {
      result += as_text(ByteSpan(buffer).first(count));
    }
    EXPECT_TRUE(result == text + sample_text(70'000)) << size;
  }
}

}  // namespace
}  // namespace mlbuild
