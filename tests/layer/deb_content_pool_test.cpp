#include "../../src/layer/deb_content_pool.hpp"

#include "mlbuild/base/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mlbuild::test {
namespace {

std::string pattern(std::size_t size, char first) {
  std::string text(size, first);
  for (std::size_t i = 0; i < size; i += 4096) text[i] = static_cast<char>('a' + (i / 4096) % 26);
  return text;
}

TEST(DebContentPool, WhatSpillsToDiskComesBackUnchanged) {
  DebContentPool pool;
  const std::string large = pattern(DebContentPool::kMemoryBytes / 2 + 1, 'x');
  std::vector<DebContentPool::Handle> handles;
  for (int i = 0; i < 3; ++i) {
    SpanSource source(as_bytes(large));
    handles.push_back(pool.add(source, large.size()));
  }
  const std::string small = "small";
  SpanSource source(as_bytes(small));
  const auto last = pool.add(source, small.size());
  for (const auto handle : handles) EXPECT_EQ(as_text(read_all(*pool.open(handle), large.size())), large);
  EXPECT_EQ(as_text(read_all(*pool.open(last), 100)), small);
}

TEST(DebContentPool, ShortContentIsForeign) {
  DebContentPool pool;
  SpanSource source(as_bytes("abc"));
  EXPECT_THROW(pool.add(source, 4), Error);
}

}  // namespace
}  // namespace mlbuild::test
