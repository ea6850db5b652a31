// Against the real server, which keeps what a push gave it.

#include "mlbuild/run/registry_cache.hpp"

#include "publish/image_builder.hpp"
#include "support/docker_registry.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/registry/anonymous_credentials.hpp"
#include "mlbuild/store/memory_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace mlbuild::test {
namespace {

class RegistryCacheTest : public testing::Test {
 protected:
  void push(const std::vector<Image>& images, const std::string& name) {
    const RegistryAccess access{*http_, nobody_};
    make_sink("registry:" + registry_.host() + "/" + name, &access)->put(images, "", pushed_, nullptr, cancellation_);
  }
  bool read(const std::string& name, const std::vector<oci::Platform>& platforms = {oci::Platform()}) {
    return cache_.read(client_, oci::Reference::parse(registry_.host() + "/" + name), platforms, RepositoryUse::Pull);
  }
  /// The registry has the manifest, but no longer the blob.
  void lose(const BlobDigest& digest, const std::string& repository) {
    std::filesystem::remove_all(registry_.data() / "docker/registry/v2/repositories" / repository / "_layers/sha256" /
                                digest.hex());
  }
  BackedStore backed(BackedStore::MakeLayer make) {
    return {store_, cache_, std::move(make), [this](std::string text) { warnings_.push_back(std::move(text)); }};
  }
  static std::string text_of(Source& source) { return std::string(as_text(read_all(source, 1U << 20U))); }

  const oci::Platform arm64_ = oci::Platform::parse("linux/arm64");
  Cancellation cancellation_;
  AnonymousCredentials nobody_;
  DockerRegistry registry_;
  std::unique_ptr<HttpClient> http_ = make_http_client(cancellation_);
  std::shared_ptr<RegistryClient> client_ =
      std::make_shared<RegistryClient>(registry_.host(), *http_, nobody_, cancellation_);
  MemoryStore pushed_, store_;  // of the build before; of this one
  RegistryCache cache_;
  std::vector<std::string> warnings_;
  const Image image_ = make_tiny_image(pushed_);
};

TEST_F(RegistryCacheTest, ManifestAndConfigTellOfEveryLayer) {
  push({image_}, "team/app:1");
  const std::size_t mark = registry_.log().size();
  ASSERT_TRUE(read("team/app:1"));
  EXPECT_EQ(registry_.log_of("GET /v2/team/app/", mark).size(), 2U);
  std::vector<StepKey> keys;
  for (const ImageLayer& layer : image_.layers) {
    const auto known = cache_.layer(layer.key);
    ASSERT_TRUE(known);
    EXPECT_EQ(known->facts.digest, layer.facts.digest);
    EXPECT_EQ(known->facts.diff_id, layer.facts.diff_id);
    EXPECT_EQ(known->where, registry_.host() + "/team/app:1");
    keys.push_back(layer.key);
  }
  EXPECT_TRUE(cache_.has_together(keys));
  keys.push_back(StepKey(sha256("another")));
  EXPECT_FALSE(cache_.has_together(keys));
}

TEST_F(RegistryCacheTest, WhatIsNotThereTellsNothing) {
  EXPECT_FALSE(read("team/app:1"));
  EXPECT_FALSE(cache_.layer(image_.layers[0].key));
  EXPECT_FALSE(cache_.has_together({image_.layers[0].key}));
}

TEST_F(RegistryCacheTest, ALostConfigIsADamagedImageAndNoMissingRegistry) {
  push({image_}, "team/app:1");
  lose(image_.config.digest, "team/app");
  try {
    read("team/app:1");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign) << error.what();
  }
}

TEST_F(RegistryCacheTest, OfAnIndexOnlyThePlatformsAtHandAreRead) {
  const Image other = make_tiny_image(pushed_, "arm64");
  push({image_, other}, "team/app:1");
  const std::size_t mark = registry_.log().size();
  ASSERT_TRUE(read("team/app:1", {arm64_}));
  EXPECT_EQ(registry_.log_of("GET /v2/team/app/", mark).size(), 3U);
  EXPECT_EQ(cache_.layer(other.layers[0].key)->facts.digest, other.layers[0].facts.digest);
}

TEST_F(RegistryCacheTest, ALayerThatIsAskedForIsFetchedOnceAndKept) {
  push({image_}, "team/app:1");
  read("team/app:1");
  BackedStore store = backed([](const BlobDigest&) { FAIL() << "must not be made"; });
  const BlobDigest digest = image_.layers[0].facts.digest;
  const std::size_t mark = registry_.log().size();
  for (int time = 0; time < 2; ++time) EXPECT_EQ(text_of(*store.stream(digest)), text_of(*pushed_.stream(digest)));
  EXPECT_EQ(registry_.log_of("GET /v2/team/app/", mark).size(), 1U);
  EXPECT_EQ(store_.find(digest), image_.layers[0].facts.size_bytes);
}

TEST_F(RegistryCacheTest, ALayerThatOneImageLostIsFetchedFromAnother) {
  for (const char* name : {"team/app:1", "team/other:1"}) push({image_}, name), read(name);
  lose(image_.layers[0].facts.digest, "team/app");
  EXPECT_TRUE(cache_.fetch(image_.layers[0].facts.digest, store_));
}

TEST_F(RegistryCacheTest, ALayerThatTheRegistryLostIsMade) {
  push({image_}, "team/app:1");
  read("team/app:1");
  lose(image_.layers[0].facts.digest, "team/app");
  BackedStore store = backed([&](const BlobDigest&) {
    EXPECT_FALSE(cache_.layer(image_.layers[0].key)) << "whoever makes it must not be told that it is there";
    EXPECT_TRUE(cache_.layer(image_.layers[1].key));
    make_tiny_image(store_);
  });
  const BlobDigest digest = image_.layers[0].facts.digest;
  EXPECT_EQ(text_of(*store.stream(digest)), text_of(*pushed_.stream(digest)));
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(RegistryCacheTest, ALayerThatComesOutOtherwiseIsANamedError) {
  push({image_}, "team/app:1");
  read("team/app:1");
  lose(image_.layers[0].facts.digest, "team/app");
  BackedStore store = backed([&](const BlobDigest&) { make_tiny_image(store_, "arm64"); });
  try {
    store.stream(image_.layers[0].facts.digest);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    EXPECT_NE(error.hint_text().find("--force"), std::string::npos);
  }
}

}  // namespace
}  // namespace mlbuild::test
