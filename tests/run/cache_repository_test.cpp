#include "mlbuild/run/cache_repository.hpp"

#include "publish/image_builder.hpp"
#include "registry/fake_registry.hpp"

#include "mlbuild/image/cache_entry.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/registry/anonymous_credentials.hpp"
#include "mlbuild/run/registry_cache.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A cache "ml/cache" in a registry in memory; each look at it is that of another machine.
class CacheRepositoryTest : public testing::Test {
 protected:
  void SetUp() override { serve({}); }
  void serve(RegistryManners manners) {
    registry_ = std::make_unique<FakeRegistry>(std::move(manners));
    HttpTuning tuning;
    tuning.tries = 2;
    tuning.backoff_base = std::chrono::milliseconds(1);
    http_ = make_http_client(cancellation_, tuning);
  }
  std::shared_ptr<CacheRepository> cache() {
    const auto client = std::make_shared<RegistryClient>(registry_->host(), *http_, nobody_, cancellation_);
    return std::make_shared<CacheRepository>(client, "ml/cache", RepositoryUse::Push,
                                             [this](std::string text) { warnings_.push_back(std::move(text)); });
  }
  /// The image is pushed to "ml/app" already.
  void push_image() {
    for (const ImageLayer& layer : layers_) {
      const auto source = store_.stream(layer.facts.digest);
      registry_->add_blob("ml/app", std::string(as_text(read_all(*source, 1U << 20U))));
    }
  }
  std::string entry_name(const ImageLayer& layer) const { return "ml/cache:" + cache_tag(layer.key); }

  Cancellation cancellation_;
  AnonymousCredentials nobody_;
  std::unique_ptr<FakeRegistry> registry_;
  std::unique_ptr<HttpClient> http_;
  MemoryStore store_;
  const std::vector<ImageLayer> layers_ = make_tiny_image(store_).layers;
  const StepKey unknown_{sha256("unknown")};
  std::vector<std::string> warnings_;
};

TEST_F(CacheRepositoryTest, LayersAreMountedAndFoundByTheirKeys) {
  push_image();
  EXPECT_EQ(cache()->keep(layers_, store_, {"ml/app"}), 2U);
  EXPECT_EQ(registry_->count("PUT /upload/"), 1U);  // the config; the layers were mounted
  RegistryCache known;
  known.add(cache());
  EXPECT_TRUE(known.ask({layers_[0].key, layers_[1].key, unknown_}));
  for (const ImageLayer& layer : layers_) {
    ASSERT_TRUE(known.layer(layer.key));
    EXPECT_EQ(known.layer(layer.key)->facts.diff_id, layer.facts.diff_id);
    EXPECT_EQ(known.layer(layer.key)->where, registry_->host() + "/ml/cache");
    EXPECT_THAT(known.repositories_of(registry_->host(), layer.facts.digest), ElementsAre("ml/cache"));
    EXPECT_THAT(known.repositories_of("elsewhere", layer.facts.digest), IsEmpty());
  }
  EXPECT_FALSE(known.layer(unknown_));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(CacheRepositoryTest, AMissCostsOneRequestOnce) {
  const auto repository = cache();
  for (int time = 0; time < 2; ++time) EXPECT_THAT(repository->find({unknown_}), IsEmpty());
  EXPECT_EQ(registry_->count("GET /v2/ml/cache/manifests/" + cache_tag(unknown_)), 1U);
  EXPECT_EQ(registry_->count("HEAD"), 0U);
}

TEST_F(CacheRepositoryTest, WhatIsThereIsNotPutAgain) {
  push_image();
  cache()->keep({layers_[0]}, store_, {"ml/app"});
  const std::size_t puts = registry_->count("PUT");
  EXPECT_EQ(cache()->keep({layers_[0]}, store_, {"ml/app"}), 0U);
  const auto asked = cache();
  asked->find({layers_[0].key});
  EXPECT_EQ(asked->keep({layers_[0]}, store_, {"ml/app"}), 0U);
  EXPECT_EQ(registry_->count("PUT"), puts);
}

TEST_F(CacheRepositoryTest, FromAnotherRegistryLayersAreSent) {
  EXPECT_EQ(cache()->keep(layers_, store_, {}), 2U);
  RegistryCache known;
  known.add(cache());
  known.ask({layers_[0].key});
  MemoryStore elsewhere;
  EXPECT_TRUE(known.fetch(layers_[0].facts.digest, elsewhere));
  EXPECT_TRUE(elsewhere.find(layers_[0].facts.digest));
}

TEST_F(CacheRepositoryTest, HostileEntriesAreMissesAndReplaced) {
  push_image();
  const ImageLayer& layer = layers_[0];
  const std::string other = compose_cache_entry(layers_[1]).manifest_json;
  for (const std::string& answer : {std::string("{"), std::string("[[[[[[[["), other, std::string(R"({"layers":5})")}) {
    warnings_.clear();
    registry_->manifests[entry_name(layer)] = answer;
    const auto repository = cache();
    EXPECT_THAT(repository->find({layer.key}), IsEmpty()) << answer;
    EXPECT_THAT(warnings_, SizeIs(1));
    EXPECT_EQ(repository->keep({layer}, store_, {"ml/app"}), 1U);
    EXPECT_EQ(registry_->manifests[entry_name(layer)], compose_cache_entry(layer).manifest_json);
  }
}

TEST_F(CacheRepositoryTest, AHugeAnswerIsAWarning) {
  registry_->manifests[entry_name(layers_[0])] = std::string(1U << 20U, ' ');
  EXPECT_THAT(cache()->find({layers_[0].key}), IsEmpty());
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], HasSubstr("is not used as a cache"));
}

TEST_F(CacheRepositoryTest, OneFailureEndsItsUseWithOneWarning) {
  serve({.login = RegistryManners::Login::Basic});
  const auto repository = cache();
  std::vector<StepKey> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(StepKey(sha256(std::to_string(i))));
  EXPECT_THAT(repository->find(keys), IsEmpty());
  EXPECT_EQ(repository->keep(layers_, store_, {}), 0U);
  EXPECT_THAT(warnings_, SizeIs(1));
  EXPECT_LT(registry_->count("GET /v2/ml/cache/"), 40U);
}

TEST_F(CacheRepositoryTest, ABlobWithOtherBytesIsNotTaken) {
  push_image();
  cache()->keep(layers_, store_, {"ml/app"});
  ImageLayer lie = layers_[0];
  lie.facts.digest = BlobDigest(sha256("other bytes"));
  registry_->manifests[entry_name(layers_[0])] = compose_cache_entry(lie).manifest_json;
  RegistryCache known;
  known.add(cache());
  known.ask({layers_[0].key});
  MemoryStore elsewhere;
  EXPECT_THROW(known.fetch(lie.facts.digest, elsewhere), Error);
  EXPECT_FALSE(elsewhere.find(lie.facts.digest));
}

TEST_F(CacheRepositoryTest, CancellationIsNoWarning) {
  cancellation_.request();
  EXPECT_THROW(cache()->find({unknown_}), Error);
  EXPECT_THAT(warnings_, IsEmpty());
}

}  // namespace
}  // namespace mlbuild::test
