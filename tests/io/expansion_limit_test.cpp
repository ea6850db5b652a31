#include "mlbuild/io/expansion_limit.hpp"

#include "io/throws.hpp"

#include "mlbuild/io/deflate.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using test::expect_error;
using Open = std::unique_ptr<Source> (*)(std::unique_ptr<Source>, const ExpansionLimit&);

constexpr ExpansionLimit kSmall{1U << 20U, 100};

TEST(ExpansionLimit, WhatExpandsFurtherIsRefusedHoweverItIsRead) {
  const Bytes bomb = Deflater(6).gzip_member(Bytes(16U << 20U));
  for (const Open open : {Open{decompress}, Open{gunzip}}) {
    const auto plain = open(std::make_unique<SpanSource>(bomb), kSmall);
    NullSink nowhere;
    expect_error(ErrorKind::Foreign, "more than 100 times its size", [&] { copy(*plain, nowhere); });
  }
}

TEST(ExpansionLimit, WhatIsSmallMayExpandAsItLikes) {
  const Bytes small = Deflater(6).gzip_member(Bytes(1U << 20U));
  const auto plain = gunzip(std::make_unique<SpanSource>(small), kSmall);
  EXPECT_EQ(read_all(*plain, 2U << 20U).size(), 1U << 20U);
}

}  // namespace
}  // namespace mlbuild
