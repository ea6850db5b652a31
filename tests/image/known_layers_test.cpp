#include "mlbuild/image/known_layers.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

ImageLayer layer(const std::string& name) {
  ImageLayer made;
  made.facts.media_type = oci::kLayerGzipMediaType;
  made.facts.digest = BlobDigest(sha256("blob " + name));
  made.facts.size_bytes = 1000 + name.size();
  made.facts.diff_id = DiffId(sha256("tar " + name));
  made.facts.plain_size_bytes = 5000;
  made.facts.packages = {{"wheel", name, "1.0", 4000, 900}, {"step", "two\nlines \"\xc3\xa4\"", "", 0, 0}};
  made.key = StepKey(sha256("key " + name));
  made.created_by = name;
  return made;
}

ImageLayer layer_with_built_wheel() {
  ImageLayer made = layer("wheels");
  made.built_wheels = {
      {StepKey(sha256("build")), "antlr4_python3_runtime-4.9.3-py3-none-any.whl", BlobDigest(sha256("wheel"))}};
  return made;
}

struct KnownLayersTest : ::testing::Test {
  KnownLayersTest() {
    const Image image = compose_image({layer("base"), layer_with_built_wheel()}, RunConfig(), oci::Platform(), 0);
    manifest = oci::parse_manifest(image.manifest_json);
    config = oci::parse_config(image.config_json);
  }
  std::string& annotation(const std::string& name) { return manifest.layers[1].annotations.at(name); }
  oci::Manifest manifest;
  oci::ImageConfig config;
  const std::string built = "dev.mlbuild.built." + sha256("build").hex();
};

TEST_F(KnownLayersTest, AnImageMadeOfWhatWasReadHasTheSameBytes) {
  const KnownLayers known = known_layers(manifest, config);
  ImageLayer base = layer("base"), wheels = layer_with_built_wheel();
  const Image made = compose_image({base, wheels}, RunConfig(), oci::Platform(), 0);
  base.facts = known.layers.at(base.key);
  wheels.facts = known.layers.at(wheels.key);
  wheels.built_wheels = {known.built_wheels.at(StepKey(sha256("build")))};
  const Image again = compose_image({base, wheels}, RunConfig(), oci::Platform(), 0);
  EXPECT_EQ(again.manifest_json, made.manifest_json);
  EXPECT_EQ(again.config_json, made.config_json);
  EXPECT_EQ(again.plain_size_bytes(), 10000U);
}

TEST(KnownLayers, WhereALazyLayerHasItsTableComesBack) {
  ImageLayer made = layer("lazy");
  made.facts.annotations = {{"containerd.io/snapshot/stargz/toc.digest", "sha256:" + sha256("toc").hex()},
                            {"io.containers.estargz.uncompressed-size", "5000"}};
  const Image image = compose_image({made}, RunConfig(), oci::Platform(), 0);
  oci::Manifest read = oci::parse_manifest(image.manifest_json);
  const oci::ImageConfig config = oci::parse_config(image.config_json);
  EXPECT_EQ(known_layers(read, config).layers.at(made.key).annotations, made.facts.annotations);
  read.layers[0].annotations["io.containers.estargz.uncompressed-size"] = std::string(300, '1');
  EXPECT_EQ(known_layers(read, config).layers.at(made.key).annotations.size(), 1U);
}

TEST_F(KnownLayersTest, LayersOfOthersAreLeftOut) {
  manifest.layers[0].annotations.clear();
  manifest.layers[1].media_type = "application/vnd.oci.image.layer.v1.tar";
  EXPECT_TRUE(has_known_layers(manifest));
  EXPECT_TRUE(known_layers(manifest, config).layers.empty());
  manifest.layers[1].annotations.clear();
  EXPECT_FALSE(has_known_layers(manifest));
}

TEST_F(KnownLayersTest, AnnotationsThatMakeNoSenseAreLeftOut) {
  for (const char* size : {"", "-1", "12 ", "0x10", "99999999999999999999", "9999999999999999"}) {
    annotation("dev.mlbuild.plain-size") = size;
    EXPECT_EQ(known_layers(manifest, config).layers.size(), 1U) << size;
  }
  annotation("dev.mlbuild.plain-size") = "5000";
  const std::string packages = annotation("dev.mlbuild.packages");
  for (const std::string& text : {std::string(), std::string("{}"), std::string("[["), std::string("[[1,2,3,4,5]]"),
                                  std::string(R"([["wheel","x","1",-1,0]])"), std::string(R"([["wheel","x","1",1]])"),
                                  std::string(R"([["wheel","x","1",1,9999999999999999]])"), std::string(100000, '['),
                                  R"([["wheel",")" + std::string(300, 'x') + R"(","1",1,1]])"}) {
    annotation("dev.mlbuild.packages") = text;
    EXPECT_EQ(known_layers(manifest, config).layers.size(), 1U) << text;
  }
  annotation("dev.mlbuild.packages") = packages;
  const std::string digest = BlobDigest(sha256("wheel")).to_string();
  for (const std::string& wheel : {std::string(), digest, digest + " ", digest + " ../../x.whl", digest + " x.tar.gz",
                                   digest + "/x.whl", digest + " " + std::string(300, 'x') + ".whl"}) {
    annotation(built) = wheel;
    EXPECT_TRUE(known_layers(manifest, config).built_wheels.empty()) << wheel;
  }
  annotation(built) = digest + " x-1-py3-none-any.whl";
  EXPECT_EQ(known_layers(manifest, config).built_wheels.size(), 1U);
  annotation("dev.mlbuild.key") = "sha256:short";
  EXPECT_EQ(known_layers(manifest, config).layers.size(), 1U);
}

TEST_F(KnownLayersTest, ALongNameIsCutAndStillRead) {
  ImageLayer long_name = layer("x");
  long_name.facts.packages = {{"step", std::string(254, 'x') + "\xc3\xa4", "", 1, 1}};
  const Image image = compose_image({long_name}, RunConfig(), oci::Platform(), 0);
  const auto known = known_layers(oci::parse_manifest(image.manifest_json), oci::parse_config(image.config_json));
  ASSERT_EQ(known.layers.size(), 1U);
  ImageLayer again = long_name;
  again.facts = known.layers.begin()->second;
  EXPECT_EQ(compose_image({again}, RunConfig(), oci::Platform(), 0).manifest_json, image.manifest_json);
}

TEST_F(KnownLayersTest, AConfigOfAnotherImageIsRefused) {
  config.diff_ids.pop_back();
  EXPECT_THROW(known_layers(manifest, config), Error);
}

}  // namespace
}  // namespace mlbuild
