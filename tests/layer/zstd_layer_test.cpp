#include "mlbuild/layer/zstd_layer.hpp"

#include "support/layer_reading.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/files_layer.hpp"
#include "mlbuild/oci/oci.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using ::testing::HasSubstr;

/// Files of one content each, large enough for several jobs of libzstd.
std::shared_ptr<const LayerRecipe> files() {
  constexpr std::size_t kFileBytes = std::size_t{12} << 20U;
  std::vector<LayerFile> list;
  auto contents = std::make_shared<std::map<std::string, std::string>>();
  for (const std::string name : {"a", "b", "c"}) {
    std::string& content = (*contents)["app/" + name];
    for (std::uint32_t state = 7; content.size() < kFileBytes; state = state * 1664525U + 1013904223U) {
      content += std::to_string(state >> 20U) + name + std::string(500, 'x');
    }
    LayerFile file;
    file.path = "app/" + name;
    file.size_bytes = content.size();
    file.digest = BlobDigest(sha256(content));
    list.push_back(file);
  }
  const FileOpener open = [contents](const LayerFile& file) {
    return std::make_unique<SpanSource>(as_bytes(contents->at(file.path)));
  };
  return std::make_shared<FilesLayerRecipe>(list, FilesLayerParameters{"app"}, open);
}

TEST(ZstdLayer, IsTheSameTar) {
  MemoryStore store;
  const LayerFacts gzip = make_layer(*files(), store);
  const LayerFacts zstd = make_layer(ZstdLayerRecipe(files(), 2), store);
  EXPECT_EQ(zstd.media_type, oci::kLayerZstdMediaType);
  EXPECT_EQ(zstd.diff_id, gzip.diff_id);
  EXPECT_EQ(zstd.plain_size_bytes, gzip.plain_size_bytes);
  EXPECT_EQ(zstd.entry_count, gzip.entry_count);
  NullSink nowhere;
  HashingSink tar(nowhere);
  copy(*unzstd(store.stream(zstd.digest)), tar);
  EXPECT_EQ(DiffId(tar.digest()), zstd.diff_id);
  EXPECT_EQ(store.find(zstd.digest), zstd.size_bytes);
}

TEST(ZstdLayer, DoesNotDependOnTheNumberOfWorkers) {
  MemoryStore store;
  const BlobDigest one = make_layer(ZstdLayerRecipe(files(), 1), store).digest;
  EXPECT_EQ(make_layer(ZstdLayerRecipe(files(), 2), store).digest, one);
  EXPECT_EQ(make_layer(ZstdLayerRecipe(files(), 4), store).digest, one);
}

TEST(ZstdLayer, WheelsHoldWhatTheyHoldInGzip) {
  MemoryStore store;
  WheelBuilder wheel;
  wheel.add("toy/big.py", std::string(100'000, 'x'));
  const auto recipe =
      std::make_shared<WheelLayerRecipe>(std::vector<WheelInput>{put_wheel(store, wheel)}, WheelLayerParameters());
  const LayerFacts gzip = make_layer(*recipe, store);
  const LayerFacts zstd = make_layer(ZstdLayerRecipe(recipe, 1), store);
  EXPECT_EQ(zstd.diff_id, gzip.diff_id);
  EXPECT_EQ(zstd.packages.size(), 1U);
  EXPECT_LE(zstd.packages[0].compressed_size_bytes, zstd.size_bytes);
  EXPECT_GT(zstd.packages[0].compressed_size_bytes, 0U);
}

TEST(ZstdLayer, TheCardSaysHowItIsCompressed) {
  const KeyCard gzip = files()->card();
  const KeyCard zstd = ZstdLayerRecipe(files(), 3).card();
  EXPECT_EQ(zstd.kind(), gzip.kind());
  EXPECT_NE(zstd.key(), gzip.key());
  EXPECT_EQ(zstd.key(), ZstdLayerRecipe(files(), 1).card().key());
  EXPECT_THAT(zstd.to_json(), HasSubstr("zstd level 6, libzstd-"));
}

TEST(StreamLayer, GivesTheTar) {
  MemoryStore store;
  const auto recipe = files();
  const LayerFacts facts = make_layer(*recipe, store);
  const Cancellation cancellation;
  NullSink nowhere;
  HashingSink tar(nowhere);
  copy(*stream_layer(*recipe, store, cancellation), tar);
  EXPECT_EQ(DiffId(tar.digest()), facts.diff_id);
}

}  // namespace
}  // namespace mlbuild::test
