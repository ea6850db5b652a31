#include "mlbuild/layer/layer_writer.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace mlbuild {
namespace {

/// The layer's bytes, and which of them came from the blob.
class RecordingSink final : public LayerSink {
 public:
  void inline_bytes(ByteSpan more) override { bytes.insert(bytes.end(), more.begin(), more.end()); }
  void blob_range(const BlobDigest&, std::uint64_t offset, ByteSpan more) override {
    if (range_bytes == 0) range_offset = offset;
    range_bytes += more.size();
    inline_bytes(more);
  }
  Bytes plain() const { return read_all(*gunzip(std::make_unique<SpanSource>(bytes)), 1U << 30U); }

  Bytes bytes;
  std::uint64_t range_offset = 0;
  std::uint64_t range_bytes = 0;
};

class OneByteSource final : public Source {
 public:
  explicit OneByteSource(ByteSpan bytes) : inner_(bytes) {}
  std::size_t read(MutableByteSpan buffer) override {
    return inner_.read(buffer.first(std::min<std::size_t>(1, buffer.size())));
  }

 private:
  SpanSource inner_;
};

TarEntry file_entry(std::string path, std::uint64_t size_bytes) {
  TarEntry entry;
  entry.path = std::move(path);
  entry.size_bytes = size_bytes;
  return entry;
}

TarEntry directory_entry(std::string path) {
  TarEntry entry;
  entry.path = std::move(path);
  entry.type = TarType::Directory;
  entry.mode = 0755;
  return entry;
}

/// Text that neither is trivial to compress nor random.
std::string sample(std::size_t size_bytes) {
  std::string text;
  for (std::uint32_t state = 1; text.size() < size_bytes; state = state * 1664525U + 1013904223U) {
    text += std::to_string(state >> 20U);
  }
  text.resize(size_bytes);
  return text;
}

struct DeflatedFile {
  explicit DeflatedFile(const std::string& text)
      : file(Deflater(9).raw(as_bytes(text))), crc(crc32(0, as_bytes(text))) {}
  DeflatedContent content() const { return {&file, BlobDigest(sha256("blob")), 0, file.size_bytes(), crc}; }
  MemoryFile file;
  std::uint32_t crc;
};

TEST(LayerWriter, GunzippedLayerIsThePlainTarOfItsFacts) {
  const std::string text = sample(3'000'000);
  const DeflatedFile deflated(text);
  RecordingSink out;
  LayerWriter writer(out, 6);
  writer.add(directory_entry("a"));
  writer.add_deflated(file_entry("a/x", text.size()), deflated.content());
  writer.add_file(file_entry("b", 5), as_bytes("hello"));
  const LayerFacts facts = writer.finish();
  const Bytes plain = out.plain();
  EXPECT_EQ(facts.digest, BlobDigest(sha256(out.bytes)));
  EXPECT_EQ(facts.size_bytes, out.bytes.size());
  EXPECT_EQ(facts.diff_id, DiffId(sha256(plain)));
  EXPECT_EQ(facts.plain_size_bytes, plain.size());
  EXPECT_EQ(facts.entry_count, 3U);
}

TEST(LayerWriter, PlainTarIsHeadersContentPaddingAndEnd) {
  const DeflatedFile deflated("deflated");
  RecordingSink out;
  LayerWriter writer(out, 6);
  writer.add_deflated(file_entry("a", 8), deflated.content());
  writer.add_file(file_entry("b", 5), as_bytes("hello"));
  writer.finish();
  const std::string zeros(512, '\0');
  const std::string expected = tar_header(file_entry("a", 8)) + "deflated" + zeros.substr(8) +
                               tar_header(file_entry("b", 5)) + "hello" + zeros.substr(5) + zeros + zeros;
  EXPECT_EQ(as_text(out.plain()), expected);
}

TEST(LayerWriter, PayloadMembersAreRangesOfTheBlob) {
  const std::string text = sample(2'000'000);
  const DeflatedFile deflated(text);
  RecordingSink out;
  LayerWriter writer(out, 6);
  writer.add_deflated(file_entry("a", text.size()), deflated.content());
  writer.finish();
  EXPECT_EQ(out.range_offset, 0U);
  EXPECT_EQ(out.range_bytes, deflated.file.size_bytes());
}

TEST(LayerWriter, ReturnsTheHashOfThePlainContent) {
  for (const std::size_t size_bytes : {0U, 1U, 63U, 64U, 65U, 1'000'000U}) {
    const std::string text = sample(size_bytes);
    const DeflatedFile deflated(text);
    RecordingSink out;
    LayerWriter writer(out, 6);
    EXPECT_EQ(writer.add_deflated(file_entry("a", text.size()), deflated.content()), sha256(text)) << size_bytes;
    EXPECT_EQ(writer.add_deflated(file_entry("b", text.size()), deflated.content()), sha256(text)) << size_bytes;
  }
}

TEST(LayerWriter, BytesDoNotDependOnHowContentArrives) {
  const std::string text = sample(LayerWriter::kPlainMemberBytes + 12345);
  RecordingSink whole;
  RecordingSink pieces;
  LayerWriter one(whole, 6);
  LayerWriter two(pieces, 6);
  one.add_file(file_entry("a", text.size()), as_bytes(text));
  OneByteSource slow(as_bytes(text));
  two.add_file(file_entry("a", text.size()), slow);
  EXPECT_EQ(one.finish().digest, two.finish().digest);
  EXPECT_EQ(whole.bytes, pieces.bytes);
}

TEST(LayerWriter, EmptyDeflatedFileNeedsNoMember) {
  const DeflatedFile deflated("");
  RecordingSink out;
  LayerWriter writer(out, 6);
  writer.add_deflated(file_entry("a", 0), deflated.content());
  writer.finish();
  EXPECT_EQ(out.range_bytes, 0U);
  EXPECT_EQ(out.plain().size(), 3 * 512U);
}

TEST(LayerWriter, WritesTheGoldenLayer) {
  const DeflatedFile deflated("deflated");
  RecordingSink out;
  LayerWriter writer(out, 6);
  writer.add(directory_entry("a"));
  writer.add_deflated(file_entry("a/x", 8), deflated.content());
  const LayerFacts facts = writer.finish();
  // Computed by GNU tar's format rules in python's tarfile (USTAR_FORMAT, one directory, one file): the tar has one
  // answer.
  EXPECT_EQ(facts.diff_id.hex(), "1b3fc92feb0572b9319da1955e77c5093cb70800b82626c9b7b897ec3dcd9e66");
  // Another digest here is another digest for every user: raise kLayerFormatVersion and say why. Follows
  // libdeflate 1.14.
  if (Deflater::version() == "libdeflate-1.14") {
    EXPECT_EQ(facts.digest.hex(), "0eac9338e32b6592e59015e7d2f50a49a3844098d91b69c26b298a88cf7b4ef9");
  }
}

TEST(LayerWriter, EntriesOutOfOrderAreOurOwnMistake) {
  RecordingSink out;
  LayerWriter writer(out, 6);
  writer.add_file(file_entry("b", 0), ByteSpan());
  for (const char* path : {"a", "b"}) {
    try {
      writer.add_file(file_entry(path, 0), ByteSpan());
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Internal);
    }
  }
}

TEST(LayerWriter, EntryBelowNoDirectoryIsOurOwnMistake) {
  RecordingSink out;
  LayerWriter writer(out, 6);
  writer.add_file(file_entry("a", 0), ByteSpan());
  EXPECT_THROW(writer.add_file(file_entry("a/b", 0), ByteSpan()), Error);
}

void expect_foreign(const TarEntry& entry, const DeflatedContent& content) {
  RecordingSink out;
  LayerWriter writer(out, 6);
  try {
    writer.add_deflated(entry, content);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
  }
}

TEST(LayerWriter, WrongSizeCrcOrLengthOfStreamIsRefused) {
  const DeflatedFile deflated("deflated");
  DeflatedContent wrong_crc = deflated.content();
  wrong_crc.crc32 ^= 1U;
  DeflatedContent cut = deflated.content();
  cut.compressed_size_bytes -= 1;
  expect_foreign(file_entry("a", 7), deflated.content());
  expect_foreign(file_entry("a", 9), deflated.content());
  expect_foreign(file_entry("a", 0), deflated.content());
  expect_foreign(file_entry("a", 8), wrong_crc);
  expect_foreign(file_entry("a", 8), cut);
}

TEST(LayerWriter, SourceThatEndsEarlyIsRefused) {
  RecordingSink out;
  LayerWriter writer(out, 6);
  SpanSource content(as_bytes("short"));
  EXPECT_THROW(writer.add_file(file_entry("a", 6), content), Error);
}

}  // namespace
}  // namespace mlbuild
