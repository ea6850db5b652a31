#include "mlbuild/io/sha256.hpp"

#include "io/throws.hpp"

#include "mlbuild/io/lane_sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mlbuild {
namespace {

using test::expect_error;

// FIPS 180-4 examples, "SHA-256".
constexpr std::string_view kAbcDigest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, AnswersTheExamplesOfTheStandard) {
  EXPECT_EQ(sha256("abc").hex(), kAbcDigest);
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, StartsAnewAfterFinish) {
  Sha256 hash;
  hash.update(as_bytes("something else"));
  hash.finish();
  hash.update(as_bytes("ab"));
  hash.update(as_bytes("c"));
  EXPECT_EQ(hash.finish().hex(), kAbcDigest);
}

std::string sample(std::size_t size_bytes, std::size_t seed) {
  std::string text(size_bytes, '\0');
  for (std::size_t i = 0; i < size_bytes; ++i) text[i] = static_cast<char>(i * seed % 251);
  return text;
}

TEST(LaneSha256, TwoStreamsTogetherHashLikeEachAlone) {
  const std::string first = sample(20'000, 31);
  const std::string second = sample(20'000, 17);
  for (const std::size_t step : {1U, 63U, 64U, 65U, 127U, 1000U, 20'000U}) {
    LaneSha256 a;
    LaneSha256 b;
    b.update(as_bytes("offset"));  // so that the blocks of the two begin at different places
    for (std::size_t at = 0; at < first.size(); at += step) {
      const std::string_view piece = std::string_view(second).substr(at, step);
      update_two(a, as_bytes(std::string_view(first).substr(at, step)), b, as_bytes(piece));
    }
    EXPECT_EQ(a.finish(), sha256(first)) << step;
    EXPECT_EQ(b.finish(), sha256("offset" + second)) << step;
  }
}

TEST(LaneSha256, PiecesNeedNotBeEquallyLong) {
  LaneSha256 a;
  LaneSha256 b;
  update_two(a, as_bytes(sample(1000, 3)), b, as_bytes(sample(130, 5)));
  update_two(a, {}, b, as_bytes(sample(64, 7)));
  EXPECT_EQ(a.finish(), sha256(sample(1000, 3)));
  EXPECT_EQ(b.finish(), sha256(sample(130, 5) + sample(64, 7)));
}

TEST(HashingSink, SplitWritesHashLikeOneWrite) {
  BytesSink whole;
  BytesSink parts;
  HashingSink one(whole);
  HashingSink two(parts);
  one.write(as_bytes("abc"));
  two.write(as_bytes("a"));
  two.write(as_bytes("bc"));
  EXPECT_EQ(one.size_bytes(), 3U);
  EXPECT_EQ(one.digest(), two.digest());
  EXPECT_EQ(whole.text(), parts.text());
}

std::string read_verified(std::string_view content, std::string_view digest, std::uint64_t size_bytes) {
  VerifyingSource source(std::make_unique<SpanSource>(as_bytes(content)), BlobDigest::parse(digest), size_bytes);
  return std::string(as_text(read_all(source, 1000)));
}

TEST(VerifyingSource, PassesWhatWasPromised) { EXPECT_EQ(read_verified("abc", kAbcDigest, 3), "abc"); }

TEST(VerifyingSource, RefusesAnotherDigestAtTheEnd) {
  expect_error(ErrorKind::Foreign, "promised was sha256:ba78", [] { read_verified("abd", kAbcDigest, 3); });
}

TEST(VerifyingSource, RefusesTooFewBytes) {
  expect_error(ErrorKind::Foreign, "has 3 bytes instead of the promised 4",
               [] { read_verified("abc", kAbcDigest, 4); });
}

TEST(VerifyingSource, RefusesTooManyBytesBeforePassingThem) {
  VerifyingSource source(std::make_unique<SpanSource>(as_bytes("abcd")), BlobDigest::parse(kAbcDigest), 3);
  Bytes buffer(10);
  expect_error(ErrorKind::Foreign, "more than the promised 3 bytes", [&] { source.read(buffer); });
}

TEST(VerifyingSource, AnEmptyBufferIsNotTheEnd) {
  VerifyingSource source(std::make_unique<SpanSource>(as_bytes("abc")), BlobDigest::parse(kAbcDigest), 3);
  EXPECT_EQ(source.read({}), 0U);
  EXPECT_EQ(as_text(read_all(source, 10)), "abc");
  Bytes buffer(1);
  EXPECT_EQ(source.read(buffer), 0U);  // and again at the end
}

}  // namespace
}  // namespace mlbuild
