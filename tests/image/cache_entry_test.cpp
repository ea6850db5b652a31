#include "mlbuild/image/cache_entry.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

struct CacheEntryTest : ::testing::Test {
  CacheEntryTest() {
    layer.facts.media_type = oci::kLayerGzipMediaType;
    layer.facts.digest = BlobDigest(sha256("blob"));
    layer.facts.size_bytes = 1000;
    layer.facts.diff_id = DiffId(sha256("tar"));
    layer.facts.plain_size_bytes = 5000;
    layer.facts.packages = {{"wheel", "numpy", "1.26.4", 4000, 900}};
    layer.key = StepKey(sha256("key"));
    layer.created_by = "wheel numpy 1.26.4";
    layer.built_wheels = {{StepKey(sha256("build")), "x-1.0-py3-none-any.whl", BlobDigest(sha256("wheel"))}};
  }
  /// An entry in which `from` was replaced is refused.
  void expect_refused(const std::string& from, const std::string& to) {
    std::string text = compose_cache_entry(layer).manifest_json;
    const std::size_t found = text.find(from);
    ASSERT_NE(found, std::string::npos) << from;
    text.replace(found, from.size(), to);
    try {
      parse_cache_entry(text, layer.key);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Foreign);
    }
  }
  ImageLayer layer;
};

TEST_F(CacheEntryTest, TellsAllThatAnImageSaysOfItsLayer) {
  const KnownLayers known = parse_cache_entry(compose_cache_entry(layer).manifest_json, layer.key);
  ImageLayer again = layer;
  again.facts = known.layers.at(layer.key);
  again.built_wheels = {known.built_wheels.at(StepKey(sha256("build")))};
  const auto image = [](const ImageLayer& one) { return compose_image({one}, RunConfig(), oci::Platform(), 0); };
  EXPECT_EQ(image(again).manifest_json, image(layer).manifest_json);
  EXPECT_EQ(image(again).config_json, image(layer).config_json);
}

TEST_F(CacheEntryTest, IsAnImageManifestOfTheDocumentedForm) {
  const CacheEntry entry = compose_cache_entry(layer);
  EXPECT_EQ(entry.tag, "k2-" + layer.key.hex().substr(0, 40));
  EXPECT_EQ(entry.config_json, "{}");
  const std::string empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  const std::string type = "application/vnd.mlbuild.cache.v1+json";
  EXPECT_NE(entry.manifest_json.find(R"("artifactType":")" + type + "\""), std::string::npos);
  EXPECT_NE(entry.manifest_json.find(R"({"digest":")" + empty + R"(","mediaType":")" + type + R"(","size":2})"),
            std::string::npos)
      << entry.manifest_json;
}

TEST_F(CacheEntryTest, OfAnotherStepTellsNothing) {
  EXPECT_THROW(parse_cache_entry(compose_cache_entry(layer).manifest_json, StepKey(sha256("other"))), Error);
  expect_refused(layer.key.to_string(), StepKey(sha256("other")).to_string());
}

TEST_F(CacheEntryTest, WhatMakesNoSenseIsRefused) {
  expect_refused(layer.facts.diff_id.to_string(), "sha256:../../etc/passwd");
  expect_refused("dev.mlbuild.diff-id", "dev.mlbuild.other");
  expect_refused("\"5000\"", "\"-1\"");
  expect_refused("dev.mlbuild.packages", "dev.mlbuild.others");
  expect_refused(":1000}", ":4000000000000000000}");
  expect_refused("application/vnd.oci.image.layer.v1.tar+gzip", "application/x-shellscript");
  expect_refused(R"("mediaType":"application/vnd.mlbuild.cache.v1+json")", R"("mediaType":"text/html")");
  expect_refused(R"("layers":[)", R"("layers":[],"other":[)");
  expect_refused("{", "");
}

}  // namespace
}  // namespace mlbuild
