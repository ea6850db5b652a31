#include "mlbuild/io/pipe_source.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace mlbuild {
namespace {

constexpr std::size_t kLimitBytes = std::size_t{64} << 20U;

TEST(PipeSource, GivesAllBytesInOrder) {
  const auto source = pipe_from([](Sink& out) {
    for (int i = 0; i < 100000; ++i) out.write(as_bytes(std::to_string(i) + "\n"));
  });
  std::string expected;
  for (int i = 0; i < 100000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(as_text(read_all(*source, kLimitBytes)), expected);
}

TEST(PipeSource, WhatTheWriterThrowsTheReaderThrowsBehindTheBytes) {
  const auto source = pipe_from([](Sink& out) {
    out.write(as_bytes("some"));
    throw Error(ErrorKind::Foreign, "and no more");
  });
  Bytes buffer(4);
  EXPECT_EQ(source->read(buffer), 4U);
  EXPECT_THROW(source->read(buffer), Error);
}

TEST(PipeSource, AReaderThatGoesEndsTheWriter) {
  std::atomic<bool> ended = false;
  {
    const auto source = pipe_from([&](Sink& out) {
      const Bytes piece(std::size_t{1} << 16U);
      try {
        for (;;) out.write(piece);
      } catch (...) {
        ended = true;
        throw;
      }
    });
    Bytes buffer(1);
    EXPECT_EQ(source->read(buffer), 1U);
  }
  EXPECT_TRUE(ended);
}

TEST(PipeSource, NothingRunsBeforeTheFirstRead) {
  bool ran = false;
  {
    const auto source = pipe_from([&](Sink&) { ran = true; });
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace mlbuild
