#include "twin_sha256.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/io/sha256_blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace mlbuild {
namespace {

std::string sample(std::size_t size_bytes) {
  std::string text(size_bytes, '\0');
  for (std::size_t i = 0; i < size_bytes; ++i) text[i] = static_cast<char>(i * 31 % 251);
  return text;
}

TEST(TwinSha256, BothHashesAreThoseOfTheirStreams) {
  for (const std::size_t size_bytes : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 127U, 128U, 1000U, 100'000U}) {
    const std::string header = sample(512);
    const std::string content = sample(size_bytes);
    TwinSha256 hash;
    hash.update_tar(as_bytes(header));
    hash.begin_file();
    hash.update_both(as_bytes(content));
    EXPECT_EQ(hash.finish_file(), sha256(content)) << size_bytes;
    EXPECT_EQ(hash.finish_tar(), sha256(header + content)) << size_bytes;
  }
}

TEST(TwinSha256, SplitWritesHashLikeOneWrite) {
  const std::string content = sample(10'000);
  for (const std::size_t step : {1U, 7U, 63U, 64U, 65U, 1000U}) {
    TwinSha256 hash;
    hash.begin_file();
    for (std::size_t at = 0; at < content.size(); at += step) {
      hash.update_both(as_bytes(std::string_view(content).substr(at, step)));
    }
    EXPECT_EQ(hash.finish_file(), sha256(content)) << step;
    EXPECT_EQ(hash.finish_tar(), sha256(content)) << step;
  }
}

TEST(TwinSha256, FilesFollowEachOther) {
  TwinSha256 hash;
  std::string tar;
  for (const std::size_t size_bytes : {100U, 512U, 5'000U}) {
    const std::string content = sample(size_bytes);
    const std::string padding((512 - size_bytes % 512) % 512, '\0');
    hash.begin_file();
    hash.update_both(as_bytes(content));
    hash.update_tar(as_bytes(padding));
    EXPECT_EQ(hash.finish_file(), sha256(content));
    tar += content + padding;
  }
  EXPECT_EQ(hash.finish_tar(), sha256(tar));
}

TEST(TwinSha256, FileInsideABlockIsOurOwnMistake) {
  TwinSha256 hash;
  hash.update_tar(as_bytes("x"));
  EXPECT_THROW(hash.begin_file(), Error);
}

// FIPS 180-4, 5.3.3 and the example "abc" of its page of examples: one padded block.
TEST(TwinSha256Blocks, KnownAnswerForBothStates) {
  if (!can_hash_two_blocks()) GTEST_SKIP() << "this CPU lacks the instructions";
  using State = std::array<std::uint32_t, 8>;
  constexpr State kInitial{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  constexpr State kAbc{0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
  State first = kInitial;
  State second = kInitial;
  std::string block = "abc\x80";
  block.resize(63, '\0');
  block += '\x18';  // 24 bits
  hash_twin_blocks(first.data(), second.data(), as_bytes(block).data(), 1);
  EXPECT_EQ(first, kAbc);
  EXPECT_EQ(second, kAbc);
}

}  // namespace
}  // namespace mlbuild
