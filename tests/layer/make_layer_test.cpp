#include "support/layer_reading.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/layer.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace mlbuild::test {
namespace {

constexpr std::uint64_t kLimit = 64U << 20U;
const Cancellation never;

/// Sends given pieces; a piece at an offset is a range of the blob.
class PieceRecipe final : public LayerRecipe {
 public:
  struct Piece {
    std::size_t size_bytes;
    bool from_blob;
  };
  PieceRecipe(BlobDigest blob, ByteSpan content, std::vector<Piece> pieces)
      : blob_(blob), content_(content), pieces_(std::move(pieces)) {}
  KeyCard card() const override { return KeyCard("pieces", 1); }
  bool is_virtual() const override { return true; }
  LayerFacts write(BlobStore&, LayerSink& out) const override {
    Sha256 hash;
    LayerFacts facts;
    for (const Piece& piece : pieces_) {
      const ByteSpan bytes = content_.subspan(facts.size_bytes, piece.size_bytes);
      if (piece.from_blob) {
        out.blob_range(blob_, facts.size_bytes, bytes);
      } else {
        out.inline_bytes(bytes);
      }
      hash.update(bytes);
      facts.size_bytes += bytes.size();
    }
    facts.digest = BlobDigest(hash.finish());
    return facts;
  }

 private:
  BlobDigest blob_;
  ByteSpan content_;
  std::vector<Piece> pieces_;
};

/// Remembers the segments that are put.
class SpyStore final : public BlobStore {
 public:
  std::optional<std::uint64_t> find(const BlobDigest& digest) override { return inner.find(digest); }
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override { return inner.open(digest); }
  std::unique_ptr<Source> stream(const BlobDigest& digest) override { return inner.stream(digest); }
  std::unique_ptr<BlobWriter> begin() override { return inner.begin(); }
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override {
    put = segments;
    inner.put_virtual(digest, size_bytes, segments);
  }
  MemoryStore inner;
  SegmentList put;
};

std::string counted(std::size_t size_bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < size_bytes; ++i) text += std::to_string(i);
  text.resize(size_bytes);
  return text;
}

TEST(MakeLayer, MergesNeighbouringPieces) {
  SpyStore store;
  const std::string content = counted(100);
  const BlobDigest blob = put_blob(store, as_bytes(content));
  const PieceRecipe recipe(blob, as_bytes(content),
                           {{10, false}, {10, false}, {30, true}, {0, false}, {20, true}, {30, false}});
  const LayerFacts facts = make_layer(recipe, store);
  ASSERT_EQ(store.put.size(), 3U);
  EXPECT_EQ(std::get<InlineSegment>(store.put[0]).bytes.size(), 20U);
  EXPECT_EQ(std::get<RangeSegment>(store.put[1]).offset, 20U);
  EXPECT_EQ(std::get<RangeSegment>(store.put[1]).length, 50U);
  EXPECT_EQ(as_text(read_all(*store.stream(facts.digest), kLimit)), content);
}

TEST(MakeLayer, LongInlineRunsBecomeBlobs) {
  SpyStore store;
  const std::string content = counted(std::size_t{10} << 20U);
  const PieceRecipe recipe({}, as_bytes(content), {{std::size_t{5} << 20U, false}, {std::size_t{5} << 20U, false}});
  const LayerFacts facts = make_layer(recipe, store);
  EXPECT_EQ(store.put.size(), 2U);
  for (const Segment& segment : store.put) EXPECT_TRUE(std::holds_alternative<RangeSegment>(segment));
  EXPECT_EQ(as_text(read_all(*store.stream(facts.digest), kLimit)), content);
}

TEST(MakeLayer, StopsInTheMiddleWhenCancelledAndKeepsNothing) {
  SpyStore store;
  const std::string content = counted(100'000);
  const BlobDigest blob = put_blob(store, as_bytes(content));
  Cancellation cancellation;
  cancellation.request();
  const PieceRecipe pieces(blob, as_bytes(content), {{100'000, false}});
  EXPECT_THROW(make_layer(pieces, store, cancellation), Error);
  const WheelLayerRecipe wheel({put_wheel(store, WheelBuilder::named("toy").add("toy.py", "answer = 42\n"))}, {});
  EXPECT_THROW(make_layer(wheel, store, cancellation), Error);
  EXPECT_THROW(read_all(*stream_layer(wheel, store, cancellation), kLimit), Error);
  EXPECT_TRUE(store.put.empty());
}

// The wheel's bytes are used before its check ends: what they look like must not be taken for the wheel's own fault.
TEST(MakeLayer, ADamagedWheelInTheStoreIsSaidToBeDamaged) {
  for (const bool in_content : {true, false}) {
    const TempDir directory;
    const WheelInput input = put_wheel(*std::make_unique<DiskStore>(directory.path() / "store"),
                                       WheelBuilder::named("toy").add("toy.py", counted(10'000)));
    const std::filesystem::path file = directory.path() / "store/blobs/sha256" / input.digest.hex();
    std::filesystem::permissions(file, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(in_content ? 1000 : 10) << "damage";  // 10: in a local header, which nothing else would notice
    stream.close();
    DiskStore store(directory.path() / "store");
    try {
      make_layer(WheelLayerRecipe({input}, {}), store);
      FAIL() << "the layer cannot be made";
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("in the store is damaged"), std::string::npos) << error.what();
      EXPECT_NE(error.context().front().find(input.filename), std::string::npos);
    }
    EXPECT_FALSE(store.find(input.digest));
  }
}

TEST(StreamLayer, GivesTheLayersBytesAndKeepsNothing) {
  SpyStore store;
  const std::string content = counted(5'000'000);
  const BlobDigest blob = put_blob(store, as_bytes(content));
  const PieceRecipe recipe(blob, as_bytes(content), {{1'000'000, false}, {3'500'000, true}, {500'000, false}});
  EXPECT_EQ(as_text(read_all(*stream_layer(recipe, store, never), kLimit)), content);
  EXPECT_TRUE(store.put.empty());
}

TEST(StreamLayer, AReaderMayStopEarly) {
  MemoryStore store;
  const std::string content = counted(5'000'000);
  const BlobDigest blob = put_blob(store, as_bytes(content));
  const PieceRecipe recipe(blob, as_bytes(content), {{2'000'000, false}, {3'000'000, true}});
  const auto stream = stream_layer(recipe, store, never);
  Bytes some(1000);
  EXPECT_GT(stream->read(some), 0U);
}

TEST(StreamLayer, TheRecipesErrorReachesTheReader) {
  MemoryStore store;
  WheelBuilder wheel = WheelBuilder::named("toy").add("toy.py", "answer = 42\n");
  wheel.record_rows["toy.py"] = "toy.py," + record_hash_of("other") + ",12";
  const WheelLayerRecipe recipe({put_wheel(store, wheel)}, {});
  EXPECT_THROW(read_all(*stream_layer(recipe, store, never), kLimit), Error);
}

}  // namespace
}  // namespace mlbuild::test
