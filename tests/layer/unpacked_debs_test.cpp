#include "mlbuild/layer/unpacked_debs.hpp"

#include "../../src/layer/unpacked_deb.hpp"
#include "support/deb_builder.hpp"
#include "support/layer_reading.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/store/forwarding_store.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace mlbuild::test {
namespace {

/// Counts how often a package is opened, which is how often it is decoded.
class CountingStore final : public ForwardingStore {
 public:
  explicit CountingStore(BlobStore& inner) : ForwardingStore(inner) {}
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override {
    ++opened;
    return inner().open(digest);
  }
  std::atomic<std::size_t> opened{0};
};

struct UnpackedDebsTest : ::testing::Test {
  DebInput put(DebBuilder deb) {
    deb.compress = true;
    return {deb.name, deb.version, deb.architecture, put_blob(memory, deb.build())};
  }
  std::vector<DebInput> put_many(std::size_t count) {
    std::vector<DebInput> inputs;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "package-" + std::to_string(i);
      inputs.push_back(put(DebBuilder::named(name).directory("usr").file("usr/" + name, name)));
    }
    return inputs;
  }
  MemoryStore memory;
  CountingStore store{memory};
};

TEST_F(UnpackedDebsTest, RecipesThatShareThemDecodeEachPackageOnceAndWriteTheSameBytes) {
  const std::vector<DebInput> packages = put_many(5);
  const std::vector<DebInput> few(packages.begin() + 1, packages.begin() + 3);
  const auto unpacked = std::make_shared<UnpackedDebs>();
  const LayerFacts all = make_layer(DebLayerRecipe(packages, {}, unpacked), store);
  const LayerFacts some = make_layer(DebLayerRecipe(few, {}, unpacked), store);
  EXPECT_EQ(store.opened, packages.size());
  EXPECT_EQ(unpacked->decoded(), packages.size());
  EXPECT_EQ(all.digest, make_layer(DebLayerRecipe(packages, {}), store).digest);
  EXPECT_EQ(some.digest, make_layer(DebLayerRecipe(few, {}), store).digest);
}

TEST_F(UnpackedDebsTest, ThreadsThatWantTheSamePackagesShareTheWork) {
  const std::vector<DebInput> packages = put_many(40);
  UnpackedDebs unpacked({}, 2);
  parallel_for(4, 4, [&](std::size_t) { EXPECT_EQ(unpacked.take(packages, store).size(), packages.size()); });
  EXPECT_EQ(store.opened, packages.size());
}

TEST_F(UnpackedDebsTest, WhatFailedIsTriedAgain) {
  MemoryStore empty;
  const DebInput package = put(DebBuilder::named("toy").file("toy", "content"));
  UnpackedDebs unpacked;
  EXPECT_THROW(unpacked.take({package}, empty), Error);
  EXPECT_EQ(unpacked.decoded(), 0U);
  EXPECT_EQ(unpacked.take({package}, memory).size(), 1U);
}

TEST_F(UnpackedDebsTest, WhatWasForgottenIsDecodedAgain) {
  const DebInput package = put(DebBuilder::named("toy").file("toy", "content"));
  UnpackedDebs unpacked;
  const std::weak_ptr<const UnpackedDeb> first = unpacked.take({package}, memory).front();
  EXPECT_FALSE(first.expired());
  unpacked.forget();
  EXPECT_TRUE(first.expired());
  EXPECT_EQ(unpacked.take({package}, memory).front()->entries.size(), 1U);
  EXPECT_EQ(unpacked.decoded(), 2U);
}

TEST_F(UnpackedDebsTest, APackageThatWasDecodedUnderItsNameIsNoOther) {
  const DebInput package = put(DebBuilder::named("toy").file("toy", "content"));
  UnpackedDebs unpacked;
  unpacked.take({package}, memory);
  DebInput other = package;
  other.name = "other";
  EXPECT_THROW(unpacked.take({other}, memory), Error);
}

TEST_F(UnpackedDebsTest, ContentsAreReadInAnyOrderAndSeveralTimes) {
  const std::string large(1U << 20U, 'x');
  const DebInput package = put(DebBuilder::named("toy").file("a", "small").file("b", large).file("c", ""));
  UnpackedDebs unpacked;
  const auto entries = unpacked.take({package}, memory).front()->entries;
  ASSERT_EQ(entries.size(), 3U);
  const auto text = [&](std::size_t i) {
    return std::string(as_text(read_all(*open_spilled(entries[i].content), large.size())));
  };
  EXPECT_EQ(text(2), "");
  EXPECT_EQ(text(1), large);
  EXPECT_EQ(text(0), "small");
  EXPECT_EQ(text(1), large);
}

}  // namespace
}  // namespace mlbuild::test
