#include "io/hex.hpp"
#include "io/throws.hpp"

#include "mlbuild/io/deflate.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mlbuild {
namespace {

using test::expect_error;
using test::from_hex;
using test::sample_text;

struct Inflated {
  std::string text;
  std::size_t consumed = 0;
  bool done = false;
};

Inflated inflate_in_chunks(ByteSpan stream, std::size_t chunk_bytes) {
  Inflater inflater;
  BytesSink out;
  std::size_t consumed = 0;
  while (consumed < stream.size() && !inflater.done()) {
    const ByteSpan chunk = stream.subspan(consumed, std::min(chunk_bytes, stream.size() - consumed));
    const std::size_t taken = inflater.write(chunk, out);
    if (!inflater.done()) {
      EXPECT_EQ(taken, chunk.size());
    }
    consumed += taken;
  }
  return {std::string(out.text()), consumed, inflater.done()};
}

/// RFC 1951, 3.2.4: stored blocks, as many as are needed.
Bytes stored_stream(std::string_view text) {
  Bytes stream;
  do {
    const std::string_view block = text.substr(0, 65535);
    text.remove_prefix(block.size());
    const auto size = static_cast<unsigned>(block.size());
    for (const unsigned value :
         {text.empty() ? 1U : 0U, size & 0xFFU, size >> 8U, ~size & 0xFFU, (~size >> 8U) & 0xFFU}) {
      stream.push_back(static_cast<std::byte>(value));
    }
    stream.insert(stream.end(), as_bytes(block).begin(), as_bytes(block).end());
  } while (!text.empty());
  return stream;
}

TEST(Crc32, AnswersTheCheckValueAndGoesOn) {
  EXPECT_EQ(crc32(0, as_bytes("123456789")), 0xCBF43926U);  // ISO 3309, the usual check value
  EXPECT_EQ(crc32(crc32(0, as_bytes("1234")), as_bytes("56789")), 0xCBF43926U);
  EXPECT_EQ(crc32(0, {}), 0U);
}

TEST(Inflater, ReadsAStreamMadeByAnotherProgram) {
  const Bytes stream = from_hex("cb48cdc9c957c84027b900");  // zlib, level 9
  EXPECT_EQ(inflate_in_chunks(stream, 100).text, "hello hello hello hello\n");
}

TEST(Inflater, StopsExactlyAtTheEndOfTheStreamWhateverFollows) {
  const std::string text = sample_text(3000);
  for (const Bytes& stream : {Deflater(6).raw(as_bytes(text)), Deflater(12).raw(as_bytes(text)), stored_stream(text)}) {
    for (const std::size_t trailing : {0U, 1U, 2U, 7U, 8U, 9U, 100U}) {
      for (const std::size_t chunk : {1U, 2U, 3U, 7U, 8U, 9U, 64U, 5000U}) {
        Bytes input = stream;
        input.insert(input.end(), trailing, std::byte{0x5A});
        const Inflated result = inflate_in_chunks(input, chunk);
        ASSERT_TRUE(result.done);
        ASSERT_EQ(result.consumed, stream.size()) << "chunk " << chunk << ", trailing " << trailing;
        ASSERT_EQ(result.text, text);
      }
    }
  }
}

TEST(Inflater, TinyStreamsEndExactlyToo) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text = sample_text(size, 7);
    Bytes input = Deflater(9).raw(as_bytes(text));
    const std::size_t stream_size = input.size();
    input.insert(input.end(), 20, std::byte{0});
    for (const std::size_t chunk : {1U, 4U, 100U}) {
      const Inflated result = inflate_in_chunks(input, chunk);
      EXPECT_EQ(result.consumed, stream_size);
      EXPECT_EQ(result.text, text);
    }
  }
}

TEST(Inflater, EndsExactlyWhenItsBufferFillsUpJustBeforeTheEnd) {
  for (std::size_t size = 256 * 1024 - 20; size < 256 * 1024 + 20; ++size) {
    Bytes input = Deflater(1).raw(as_bytes(std::string(size, 'q')));
    const std::size_t stream_size = input.size();
    input.insert(input.end(), 20, std::byte{0xFF});
    const Inflated result = inflate_in_chunks(input, input.size());
    ASSERT_EQ(result.consumed, stream_size) << size;
    ASSERT_EQ(result.text.size(), size);
  }
}

TEST(Inflater, PassesMoreThanItsBufferHolds) {
  const std::string noise = sample_text(3'000'000);
  const std::string zeros(20'000'000, '\0');
  for (const std::string& text : {noise, zeros}) {
    const Inflated result = inflate_in_chunks(Deflater(1).raw(as_bytes(text)), 100'000);
    EXPECT_TRUE(result.done);
    EXPECT_TRUE(result.text == text);
  }
}

TEST(Inflater, ResetBeginsANewStreamAlsoInTheMiddleOfOne) {
  const Bytes stream = Deflater(6).raw(as_bytes(sample_text(5000)));
  Inflater inflater;
  NullSink nowhere;
  inflater.write(ByteSpan(stream).first(100), nowhere);
  inflater.reset();
  BytesSink out;
  EXPECT_EQ(inflater.write(stream, out), stream.size());
  EXPECT_EQ(out.text(), sample_text(5000));
}

TEST(Inflater, ATruncatedStreamIsNotDone) {
  const Bytes stream = Deflater(6).raw(as_bytes(sample_text(500)));
  for (std::size_t size = 0; size < stream.size(); ++size) {
    EXPECT_FALSE(inflate_in_chunks(ByteSpan(stream).first(size), 50).done) << size;
  }
}

TEST(Inflater, RefusesCorruptStreams) {
  expect_error(ErrorKind::Foreign, "invalid block", [] { inflate_in_chunks(from_hex("07"), 1); });  // block type 3
  expect_error(ErrorKind::Foreign, "corrupt",
               [] { inflate_in_chunks(from_hex("010500faf0616263"), 9); });  // length and complement
  // Fixed block: length 3, distance 1 without anything before it.
  expect_error(ErrorKind::Foreign, "before its start", [] { inflate_in_chunks(from_hex("0302000000000000"), 9); });
}

TEST(Inflater, AfterTheEndItTakesNothingMore) {
  const Bytes stream = Deflater(6).raw(as_bytes("x"));
  Inflater inflater;
  BytesSink out;
  inflater.write(stream, out);
  EXPECT_EQ(inflater.write(stream, out), 0U);
  EXPECT_EQ(out.text(), "x");
}

TEST(Deflater, RoundTripsAtEveryLevel) {
  const std::string text = sample_text(50'000);
  for (int level = 0; level <= 12; ++level) {
    EXPECT_EQ(inflate_in_chunks(Deflater(level).raw(as_bytes(text)), 4096).text, text) << level;
  }
}

TEST(Deflater, GivesTheSameBytesAgainAfterOtherWork) {
  Deflater deflater(6);
  const std::string text = sample_text(50'000);
  const Bytes first = deflater.raw(as_bytes(text));
  deflater.raw(as_bytes(sample_text(90'000, 99)));
  EXPECT_EQ(deflater.raw(as_bytes(text)), first);
  EXPECT_EQ(Deflater(6).raw(as_bytes(text)), first);
}

TEST(Deflater, RefusesALevelThatDoesNotExist) {
  expect_error(ErrorKind::Internal, "level 13", [] { Deflater deflater(13); });
}

}  // namespace
}  // namespace mlbuild
