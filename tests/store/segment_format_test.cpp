#include "segment_format.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

BlobDigest digest_of(std::string_view text) { return BlobDigest(sha256(text)); }
Bytes bytes_of(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

VirtualBlob example() {
  return {4 + 10 + 100 + 1,
          {InlineSegment{bytes_of("head")}, RangeSegment{digest_of("b"), 7, 10}, RangeSegment{digest_of("a"), 0, 100},
           InlineSegment{bytes_of("x")}}};
}

/// With both checksums made right again, so that what is behind them is reached.
Bytes resealed(Bytes file, std::size_t sources) {
  const std::size_t header = kVirtualFixedHeaderBytes + 32 * sources;
  const auto seal = [&](std::size_t end) {
    const Digest digest = sha256(ByteSpan(file).first(end));
    std::ranges::copy(digest.bytes, file.begin() + static_cast<std::ptrdiff_t>(end));
  };
  seal(header);
  seal(file.size() - 32);
  return file;
}

void expect_refused(const Bytes& file) {
  try {
    decode_virtual_blob(file);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  }
}

TEST(SegmentFormat, ReadsWhatItWrites) {
  const Bytes file = encode_virtual_blob(example());
  const VirtualBlob again = decode_virtual_blob(file);
  EXPECT_EQ(again.size_bytes, 115U);
  EXPECT_EQ(encode_virtual_blob(again), file);
}

TEST(SegmentFormat, HasTheDocumentedBytes) {
  // docs/formats/store.md, "Virtual blobs": one inline byte "x", no sources.
  const Bytes file = encode_virtual_blob({1, {InlineSegment{bytes_of("x")}}});
  const std::string front("MLBVBLOB\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 24);
  const std::string segment("\0\1\0\0\0\0\0\0\0x", 10);
  EXPECT_EQ(as_text(file).substr(0, 24), front);
  EXPECT_EQ(as_text(file).substr(24, 32), as_text(sha256(front).bytes));
  EXPECT_EQ(as_text(file).substr(56, 10), segment);
  EXPECT_EQ(as_text(file).substr(66), as_text(sha256(as_text(file).substr(0, 66)).bytes));
}

TEST(SegmentFormat, HeaderAloneTellsSizeAndSources) {
  const Bytes file = encode_virtual_blob(example());
  const std::size_t length = virtual_header_bytes(ByteSpan(file).first(kVirtualFixedHeaderBytes));
  const VirtualBlobHeader header = decode_virtual_header(ByteSpan(file).first(length));
  EXPECT_EQ(header.size_bytes, 115U);
  EXPECT_EQ(header.sources, sources_of(example().segments));
  EXPECT_EQ(header.sources.size(), 2U);
}

TEST(SegmentFormat, EveryFlippedBitIsNoticed) {
  Bytes file = encode_virtual_blob(example());
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    file[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    expect_refused(file);
    file[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
}

TEST(SegmentFormat, EveryTruncationIsNoticed) {
  const Bytes file = encode_virtual_blob(example());
  for (std::size_t size = 0; size < file.size(); ++size) {
    expect_refused(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

TEST(SegmentFormat, NothingButWhatTheWriterWritesPassesItsChecksums) {
  const Bytes good = encode_virtual_blob(example());
  std::size_t accepted = 0;
  for (std::size_t i = 0; i + 32 < good.size(); ++i) {
    Bytes file = good;
    file[i] ^= std::byte{0xFF};
    file = resealed(std::move(file), 2);
    try {
      const VirtualBlob blob = decode_virtual_blob(file);
      EXPECT_EQ(encode_virtual_blob(blob), file) << "at byte " << i;
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    }
  }
  EXPECT_GT(accepted, 0U);  // inline bytes, offsets and digests may be anything
}

TEST(SegmentFormat, RefusesLengthsThatOverflow) {
  Bytes file =
      encode_virtual_blob({std::uint64_t{1} << 62U, {RangeSegment{digest_of("a"), 0, std::uint64_t{1} << 62U}}});
  const std::size_t offset = kVirtualFixedHeaderBytes + 32 + 32 + 1 + 4;
  for (std::size_t i = 0; i < 8; ++i) file[offset + i] = std::byte{0xFF};
  expect_refused(resealed(std::move(file), 1));
}

TEST(SegmentFormat, RefusesToWriteSegmentsThatDoNotAddUp) {
  VirtualBlob blob = example();
  blob.size_bytes += 1;
  EXPECT_THROW(encode_virtual_blob(blob), Error);
}

}  // namespace
}  // namespace mlbuild
