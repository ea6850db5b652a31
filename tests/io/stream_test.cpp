#include "mlbuild/io/stream.hpp"

#include "io/throws.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::expect_error;

Bytes bytes_of(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

TEST(SpanSource, GivesItsBytesInPiecesAndThenZero) {
  SpanSource source(as_bytes("abcde"));
  Bytes buffer(3);
  EXPECT_EQ(source.read(buffer), 3U);
  EXPECT_EQ(as_text(buffer), "abc");
  EXPECT_EQ(source.read(buffer), 2U);
  EXPECT_EQ(as_text(buffer).substr(0, 2), "de");
  EXPECT_EQ(source.read(buffer), 0U);
}

TEST(MemoryFile, RefusesRangesThatLeaveIt) {
  const MemoryFile file(bytes_of("abcde"));
  Bytes two(2);
  file.read_at(3, two);
  EXPECT_EQ(as_text(two), "de");
  expect_error(ErrorKind::Foreign, "leaves", [&] { file.read_at(4, two); });
  expect_error(ErrorKind::Foreign, "leaves", [&] { file.read_at(~std::uint64_t{0}, two); });
}

TEST(RangeSource, ReadsNoMoreThanItsRange) {
  const MemoryFile file(bytes_of("abcdefgh"));
  RangeSource source(file, 2, 4);
  EXPECT_EQ(as_text(read_all(source, 100)), "cdef");
}

TEST(RangeSource, RefusesARangeBeyondTheFile) {
  const MemoryFile file(bytes_of("abc"));
  RangeSource source(file, 2, 4);
  expect_error(ErrorKind::Foreign, "leaves", [&] { read_all(source, 100); });
}

TEST(BytesSink, RefusesToGrowAboveItsLimit) {
  BytesSink sink(5);
  sink.write(as_bytes("abc"));
  sink.write(as_bytes("de"));
  expect_error(ErrorKind::Foreign, "larger than the allowed 5 bytes", [&] { sink.write(as_bytes("f")); });
  EXPECT_EQ(sink.text(), "abcde");
}

TEST(ReadAll, TakesExactlyTheLimitAndNoByteMore) {
  SpanSource fits(as_bytes("abcde"));
  EXPECT_EQ(read_all(fits, 5).size(), 5U);
  SpanSource too_long(as_bytes("abcdef"));
  expect_error(ErrorKind::Foreign, "larger", [&] { read_all(too_long, 5); });
  expect_error(ErrorKind::Foreign, "larger", [&] { read_all(MemoryFile(bytes_of("abcdef")), 5); });
}

TEST(Copy, PumpsEverythingAndCounts) {
  const std::string text(3 * kStreamBufferBytes + 7, 'x');
  SpanSource source(as_bytes(text));
  BytesSink first;
  BytesSink second;
  TeeSink both(first, second);
  EXPECT_EQ(copy(source, both), text.size());
  EXPECT_EQ(first.text(), text);
  EXPECT_EQ(second.text(), text);
}

}  // namespace
}  // namespace mlbuild
