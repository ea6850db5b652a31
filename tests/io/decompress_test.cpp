#include "io/hex.hpp"
#include "io/throws.hpp"

#include "mlbuild/io/deflate.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::expect_error;
using test::from_hex;

constexpr std::string_view kPlain = "hello hello hello hello\n";

// Made by liblzma 5.4 (CRC64) and by zstd 1.5 with and without content checksum.
const Bytes kXz = from_hex(
    "fd377a585a000004e6d6b4460200210116000000742fe5a3e00017000c5d00341949ee8de9560ac121b000006c14ed1b3b68bb91000128"
    "18d783b76e1fb6f37d010000000004595a");
const Bytes kZstdChecked = from_hex("28b52ffd04686d00003868656c6c6f200a0100994b11a87c2ea8");
const Bytes kZstd = from_hex("28b52ffd00586d00003868656c6c6f200a0100994b11");

using Decoder = std::unique_ptr<Source> (*)(std::unique_ptr<Source>);

std::string decode(Decoder decoder, ByteSpan file) {
  const auto source = decoder(std::make_unique<SpanSource>(file));
  return std::string(as_text(read_all(*source, 1 << 20U)));
}

Bytes twice(const Bytes& file) {
  Bytes both = file;
  both.insert(both.end(), file.begin(), file.end());
  return both;
}

TEST(Unxz, ReadsOneStreamOrSeveral) {
  EXPECT_EQ(decode(unxz, kXz), kPlain);
  EXPECT_EQ(decode(unxz, twice(kXz)), std::string(kPlain) + std::string(kPlain));
}

TEST(Unxz, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < kXz.size(); ++size) {
    expect_error(ErrorKind::Foreign, "xz file", [&] { decode(unxz, ByteSpan(kXz).first(size)); });
  }
}

TEST(Unxz, RefusesCorruptContent) {
  Bytes file = kXz;
  file[file.size() - 30] ^= std::byte{1};
  expect_error(ErrorKind::Foreign, "xz file is corrupt", [&] { decode(unxz, file); });
}

TEST(Unxz, RefusesADictionaryBeyondTheMemoryLimit) {
  // A block header that asks for a dictionary of 4 GiB - 1 (.xz file format, 5.3.1: 0x28), with its CRC32 made right.
  Bytes header = from_hex("0200210128000000");
  const std::uint32_t crc = crc32(0, header);
  Bytes file(kXz.begin(), kXz.begin() + 12);
  file.insert(file.end(), header.begin(), header.end());
  for (unsigned i = 0; i < 4; ++i) file.push_back(static_cast<std::byte>((crc >> (8 * i)) & 0xFFU));
  file.insert(file.end(), kXz.begin() + 24, kXz.end());
  expect_error(ErrorKind::Foreign, "more than 256 MiB of memory", [&] { decode(unxz, file); });
}

TEST(Unzstd, ReadsFramesWithAndWithoutChecksum) {
  EXPECT_EQ(decode(unzstd, kZstd), kPlain);
  EXPECT_EQ(decode(unzstd, kZstdChecked), kPlain);
  EXPECT_EQ(decode(unzstd, twice(kZstdChecked)), std::string(kPlain) + std::string(kPlain));
}

TEST(Unzstd, SkipsSkippableFrames) {
  Bytes file = from_hex("502a4d180400000041424344");  // RFC 8878, 3.1.2
  file.insert(file.end(), kZstd.begin(), kZstd.end());
  EXPECT_EQ(decode(unzstd, file), kPlain);
}

TEST(Unzstd, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < kZstdChecked.size(); ++size) {
    expect_error(ErrorKind::Foreign, "truncated", [&] { decode(unzstd, ByteSpan(kZstdChecked).first(size)); });
  }
}

TEST(Unzstd, RefusesAWrongChecksum) {
  Bytes file = kZstdChecked;
  file.back() ^= std::byte{1};
  expect_error(ErrorKind::Foreign, "zstd stream is corrupt", [&] { decode(unzstd, file); });
}

TEST(Unzstd, RefusesAWindowBeyondTheLimit) {
  const Bytes file = from_hex("28b52ffd0090");  // RFC 8878, 3.1.1.1.2: exponent 18, a window of 256 MiB
  expect_error(ErrorKind::Foreign, "corrupt", [&] { decode(unzstd, file); });
}

TEST(Decompress, ChoosesByTheFirstBytes) {
  EXPECT_EQ(decode(decompress, Deflater(6).gzip_member(as_bytes(kPlain))), kPlain);
  EXPECT_EQ(decode(decompress, kXz), kPlain);
  EXPECT_EQ(decode(decompress, kZstd), kPlain);
}

TEST(Decompress, PassesOtherBytesAsTheyAre) {
  for (const std::string_view plain : {"", "a", "\x1F", "plain text that is compressed by nobody"}) {
    EXPECT_EQ(decode(decompress, as_bytes(plain)), plain);
  }
}

}  // namespace
}  // namespace mlbuild
