// Compressed streams that were made to harm: gzip (RFC 1952), xz (.xz file format 1.0.4) and zstd (RFC 8878). None may
// make its reader allocate what it only claims, and a bomb is stopped by whoever sets the limit.

#include "support/hostile.hpp"

#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/zstd.hpp"

namespace mlbuild::test {
namespace {

constexpr std::uint64_t kLimitBytes = 1U << 20U;
const std::string kText = "some text that is long enough to be compressed, compressed, compressed";

std::string hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return bytes;
}
std::string le32(std::uint32_t value) {
  std::string bytes;
  for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}
std::string gzip_of(const std::string& plain) { return std::string(as_text(Deflater(6).gzip_member(as_bytes(plain)))); }
std::string zstd_of(const std::string& plain) {
  BytesSink out;
  ZstdCompressor compressor(out, 3, 1);
  compressor.write(as_bytes(plain));
  compressor.finish();
  return std::string(out.text());
}
std::string changed(std::string text, std::size_t at, char value) {
  text.at(at) = value;
  return text;
}
std::string flipped(std::string text, std::size_t from_end) {
  text[text.size() - from_end] = static_cast<char>(text[text.size() - from_end] ^ 1);
  return text;
}
/// A gzip member whose deflate stream is this.
std::string gzip_around(const std::string& stream) {
  return std::string(as_text(gzip_member_header())) + stream + le32(0) + le32(0);
}
/// The beginning of an xz stream with CRC32 checks, and a block header with its CRC made right.
std::string xz_with_block_header(const std::string& header) {
  return hex("fd377a585a0000016922de36") + header + le32(crc32(0, as_bytes(header))) + std::string(100, '\0');
}

class HostileCompressed : public ::testing::TestWithParam<HostileCase> {};

TEST_P(HostileCompressed, IsHarmless) {
  expect_harmless(GetParam(), ErrorKind::Foreign, [](const std::string& bytes) {
    read_all(*decompress(std::make_unique<SpanSource>(as_bytes(bytes))), kLimitBytes);
  });
}

const HostileCase kGzip[] = {
    {"HeaderOnly", [] { return gzip_of(kText).substr(0, 10); }, "gzip"},
    {"WithoutTrailer", [] { return gzip_of(kText).substr(0, gzip_of(kText).size() - 8); }, "gzip"},
    {"WrongCrc", [] { return flipped(gzip_of(kText), 8); }, "gzip"},
    {"WrongSize", [] { return flipped(gzip_of(kText), 4); }, "gzip"},
    {"ReservedFlags", [] { return changed(gzip_of(kText), 3, '\x20'); }, "gzip"},
    {"AnotherMethod", [] { return changed(gzip_of(kText), 2, '\7'); }, "gzip"},
    {"NameWithoutEnd", [] { return hex("1f8b0808000000000003") + std::string(500'000, 'n'); }, "gzip"},
    {"ExtraFieldLongerThanTheFile", [] { return hex("1f8b0804000000000003ffff4142"); }, "gzip"},
    {"TextBehindIt", [] { return gzip_of(kText) + "tail"; }, "gzip"},
    {"BlockOfTheReservedType", [] { return gzip_around("\x07"); }, "deflate"},
    {"StoredBlockWhoseLengthsDiffer", [] { return gzip_around(hex("01ff000000")); }, "deflate"},
    {"ReferenceBeforeTheBeginning", [] { return gzip_around(hex("4b04a20000")); }, "deflate"},
    {"EmptyBlocksWithoutEnd", [] { return gzip_around(repeated(hex("000000ffff"), 100'000)); }, "deflate"},
    {"BombOf1To1000", [] { return gzip_of(std::string(50'000'000, '\0')); }, "allowed"},
    {"BombOfManyMembers", [] { return repeated(gzip_of(std::string(100'000, '\0')), 1000); }, "allowed"},
    {"EmptyMembersTakeNoTime", [] { return repeated(gzip_of(""), 50'000); }, kHarmless},
};

const HostileCase kXz[] = {
    {"XzMagicOnly", [] { return hex("fd377a585a00"); }, "xz"},
    {"XzFlagsWithAWrongCrc", [] { return hex("fd377a585a000001692200000000000000000000"); }, "xz"},
    {"XzUnknownCheck", [] { return hex("fd377a585a00000f") + le32(crc32(0, as_bytes(hex("000f")))) + "xxxx"; }, "xz"},
    {"XzDictionaryOf4GiB", [] { return xz_with_block_header(hex("0200210128000000")); }, "memory"},
    {"XzDictionaryOf768MiB", [] { return xz_with_block_header(hex("0200210123000000")); }, "memory"},
    {"XzUnknownFilter", [] { return xz_with_block_header(hex("0200770128000000")); }, "xz"},
    {"XzReservedBlockFlags", [] { return xz_with_block_header(hex("023c210116000000")); }, "xz"},
    {"XzIndexBeforeAnyBlockThatClaimsMany",
     [] { return hex("fd377a585a0000016922de36") + hex("00ffffffffffffffff7f") + std::string(64, '\0'); }, "xz"},
};

const HostileCase kZstd[] = {
    {"ZstdMagicOnly", [] { return hex("28b52ffd"); }, "zstd"},
    {"ZstdWindowOf256MiB", [] { return hex("28b52ffd0090") + hex("0100ff"); }, "zstd"},
    {"ZstdWindowOf3TiB", [] { return hex("28b52ffd00ff") + hex("0100ff"); }, "zstd"},
    {"ZstdContentSizeOf16EiB", [] { return hex("28b52ffde0ffffffffffffffff") + hex("010000"); }, "zstd"},
    {"ZstdDictionaryThatNobodyHas", [] { return hex("28b52ffd0320010000000100ff0000"); }, "zstd"},
    {"ZstdReservedBit", [] { return changed(zstd_of(kText), 4, static_cast<char>(zstd_of(kText)[4] | 8)); }, "zstd"},
    {"ZstdReservedBlockType", [] { return hex("28b52ffd2000") + hex("070000"); }, "zstd"},
    {"ZstdWrongChecksum", [] { return flipped(zstd_of(kText), 1); }, "zstd"},
    {"ZstdWithoutChecksumBytes", [] { return zstd_of(kText).substr(0, zstd_of(kText).size() - 2); }, "zstd"},
    {"ZstdTextBehindIt", [] { return zstd_of(kText) + "tail"; }, "zstd"},
    {"ZstdSkippableFrameThatIsCut", [] { return zstd_of(kText) + hex("502a4d18ffffffff") + "abc"; }, "zstd"},
    {"ZstdBomb", [] { return zstd_of(std::string(50'000'000, '\0')); }, "allowed"},
    {"ZstdBombOfRepeatedBytes", [] { return hex("28b52ffd0058") + repeated(hex("020010") + "z", 5'000); }, "allowed"},
    {"ZstdEmptyFramesTakeNoTime", [] { return repeated(zstd_of(""), 50'000); }, kHarmless},
};

INSTANTIATE_TEST_SUITE_P(Gzip, HostileCompressed, ::testing::ValuesIn(kGzip), hostile_name);
INSTANTIATE_TEST_SUITE_P(Xz, HostileCompressed, ::testing::ValuesIn(kXz), hostile_name);
INSTANTIATE_TEST_SUITE_P(Zstd, HostileCompressed, ::testing::ValuesIn(kZstd), hostile_name);

}  // namespace
}  // namespace mlbuild::test
