#include "mlbuild/inspect/compare_images.hpp"

#include "inspect/scan_builder.hpp"

#include "mlbuild/io/sha256.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::ElementsAre;

ImageLayer layer(const std::string& name, const std::string& content) {
  ImageLayer made;
  made.facts.media_type = oci::kLayerGzipMediaType;
  made.facts.digest = BlobDigest(sha256("blob " + content));
  made.facts.diff_id = DiffId(sha256("tar " + content));
  made.key = StepKey(sha256("key " + name));
  made.created_by = name;
  return made;
}

Image image(const std::vector<ImageLayer>& layers, const std::string& record = "record") {
  return compose_image(layers, {}, {"linux", "amd64", ""}, 315532800, nullptr, record);
}

ScannedEntry entry(const std::string& path, std::uint32_t crc) { return {path, TarType::File, 1, 1, crc}; }

LayerScan scan(const std::vector<ScannedEntry>& entries) {
  LayerScan made;
  made.entries = entries;
  return made;
}

LayerReader never() {
  return [](const ImageLayer& one) -> LayerScan { throw std::runtime_error("read " + one.created_by); };
}

TEST(CompareImages, EqualLayersAreNotRead) {
  const Image one = image({layer("base", "a"), layer("app", "b")});
  const ImageComparison comparison = compare_images(one, one, never(), never());
  EXPECT_TRUE(comparison.same());
  EXPECT_EQ(comparison.same_layers(), 2U);
}

TEST(CompareImages, SaysWhichFilesDiffer) {
  const Image found = image({layer("base", "a"), layer("app", "b")});
  const Image made = image({layer("base", "a"), layer("app", "c")});
  const ImageComparison comparison = compare_images(
      found, made,
      [](const ImageLayer&) {
        return scan({entry("gone", 1), entry("x", 1), entry("y", 1)});
      },
      [](const ImageLayer&) {
        return scan({entry("new", 1), entry("x", 2), entry("y", 1)});
      });
  EXPECT_FALSE(comparison.same());
  EXPECT_EQ(comparison.same_layers(), 1U);
  std::vector<std::string> files;
  for (const FileChange& change : comparison.layers[1].files) files.push_back(change.path);
  EXPECT_THAT(files, ElementsAre("gone", "new", "x"));
}

TEST(CompareImages, LinksDifferWhenTheyLeadElsewhere) {
  const auto links_to = [](const std::string& target) {
    return [target](const ImageLayer&) -> LayerScan {
      return test::ScanBuilder().link("bin/python", target).link("bin/same", "x");
    };
  };
  const ImageComparison comparison = compare_images(image({layer("app", "a")}), image({layer("app", "b")}),
                                                    links_to("/tmp/x"), links_to("/usr/bin/python3"));
  ASSERT_EQ(comparison.layers[0].files.size(), 1U);
  EXPECT_EQ(comparison.layers[0].files[0].path, "bin/python");
}

TEST(CompareImages, LayersThatOnlyOneHasAreTold) {
  const Image found = image({layer("base", "a"), layer("wheel one", "b")});
  const Image made = image({layer("base", "a"), layer("wheel two", "c")});
  const ImageComparison comparison = compare_images(found, made, never(), never());
  ASSERT_EQ(comparison.layers.size(), 3U);
  EXPECT_FALSE(comparison.layers[1].made.has_value());
  EXPECT_FALSE(comparison.layers[2].found.has_value());
}

TEST(CompareImages, AnotherVersionIsTheSameLayer) {
  const auto read = [](const ImageLayer&) { return scan({}); };
  const ImageComparison comparison =
      compare_images(image({layer("wheel a 1.0", "a"), layer("app, 3 files", "b")}),
                     image({layer("wheel a 1.1", "c"), layer("app, 4 files", "d")}), read, read);
  ASSERT_EQ(comparison.layers.size(), 2U);
  EXPECT_TRUE(comparison.layers[0].made && comparison.layers[1].made);
}

TEST(CompareImages, AnotherKeyIsTold) {
  ImageLayer other = layer("app", "b");
  other.key = StepKey(sha256("another release"));
  const auto read = [](const ImageLayer&) { return scan({}); };
  const ImageComparison comparison = compare_images(image({layer("app", "a")}), image({other}), read, read);
  EXPECT_TRUE(comparison.layers[0].other_key);
}

TEST(CompareImages, AManifestWithAnotherRecordDiffers) {
  const Image found = image({layer("app", "a")}, "one");
  const Image made = image({layer("app", "a")}, "two");
  EXPECT_FALSE(compare_images(found, made, never(), never()).same());
}

TEST(CompareImages, AManifestThatLostItsAnnotationsDiffers) {
  Image found = image({layer("app", "a")});
  oci::Manifest manifest = oci::parse_manifest(found.manifest_json);
  manifest.annotations.clear();
  manifest.layers[0].annotations.clear();
  found.manifest_json = oci::to_json(manifest);
  found.manifest.digest = BlobDigest(sha256(found.manifest_json));
  const ImageComparison comparison = compare_images(found, image({layer("app", "a")}), never(), never());
  EXPECT_FALSE(comparison.same_manifest);
  EXPECT_TRUE(comparison.same_config);
}

}  // namespace
}  // namespace mlbuild
