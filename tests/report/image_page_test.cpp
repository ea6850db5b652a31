#include "mlbuild/report/image_page.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

ScannedEntry file(std::string path, std::uint64_t size, std::uint32_t crc = 0) {
  return {std::move(path), TarType::File, size, size, crc};
}

LayerScan layer_of(std::vector<ScannedEntry> entries) {
  LayerScan layer;
  layer.entries = std::move(entries);
  return layer;
}

InspectedImage image_of(const std::vector<LayerScan>& layers) {
  InspectedImage image;
  image.name = "oci:out";
  for (std::size_t i = 0; i < layers.size(); ++i) {
    image.image.layers.emplace_back().created_by = fmt::format("layer {}", i);
    image.plain_layer_bytes.push_back(0);
  }
  image.contents = explain(layers);
  return image;
}

std::uint64_t sum(const json& list) {
  std::uint64_t sum = 0;
  for (const json& value : list) sum += value.get<std::uint64_t>();
  return sum;
}

TEST(ImagePage, NamesFromTheImageCannotEndTheScript) {
  const InspectedImage image = image_of({layer_of({file("</script><script>alert(1)</script><!--", 5000)})});
  const std::string page = image_page(image, nullptr, {});
  EXPECT_THAT(page, Not(HasSubstr("<script>alert(1)")));
  EXPECT_THAT(page, HasSubstr("script\\u003e\\u003cscript\\u003ealert(1)\\u003c"));
}

TEST(ImagePage, ATemplatesWordInANameIsNoWordOfTheTemplate) {
  const std::string page = image_page(image_of({layer_of({file("@SCRIPT@", 5000)})}), nullptr, {});
  EXPECT_THAT(page, HasSubstr("\"@SCRIPT@\""));
}

TEST(ImagePage, NamesThatAreNoUtf8AreShownWithReplacements) {
  const std::string page = image_page(image_of({layer_of({file("a\xff", 5000)})}), nullptr, {});
  EXPECT_THAT(page, HasSubstr("a\xef\xbf\xbd"));
}

TEST(ImagePage, SmallFilesAreAddedUpInTheirDirectory) {
  LayerScan layer;
  for (int i = 0; i < 100; ++i) layer.entries.push_back(file(fmt::format("usr/lib/{:03}", i), 10));
  layer.entries.push_back(file("usr/large", 5000));
  PageLimits limits;
  limits.files = 1;
  const json page = json::parse(image_page_json(image_of({layer}), nullptr, {}, limits));
  EXPECT_EQ(page["leaves"]["name"], json({"large", ""}));
  EXPECT_EQ(page["leaves"]["count"], json({1, 100}));
  EXPECT_EQ(sum(page["leaves"]["plain"]), 6000U);
  EXPECT_EQ(page["limits"]["files_left_out"], 100);
}

TEST(ImagePage, SmallDirectoriesAreAddedUpInTheOneAbove) {
  const LayerScan layer = layer_of({file("a/b/c/one", 10), file("a/b/d/two", 20), file("a/large", 5000)});
  PageLimits limits;
  limits.directories = 2;
  const json page = json::parse(image_page_json(image_of({layer}), nullptr, {}, limits));
  EXPECT_EQ(page["dirs"]["name"], json({"", "a", "b"}));
  EXPECT_EQ(page["leaves"]["name"], json({"large", "d/two", "c/one"}));
}

TEST(ImagePage, WhatIsHiddenSaysByWhom) {
  const LayerScan below = layer_of({file("kept", 5000), file("replaced", 6000), file("gone/one", 7000)});
  const LayerScan above = layer_of({file("replaced", 10), file(".wh.gone", 0)});
  const json rows = json::parse(image_page_json(image_of({below, above}), nullptr, {}))["hidden"]["rows"];
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["path"], "gone/one");
  EXPECT_EQ(rows[0]["deleted"], true);
  EXPECT_EQ(rows[0]["by"], 1);
  EXPECT_EQ(rows[1]["path"], "replaced");
  EXPECT_EQ(rows[1]["deleted"], false);
}

TEST(ImagePage, FindingsAreShownAsTheyAreGiven) {
  Finding finding;
  finding.id = "mlflow-skinny";
  finding.saves.compressed_bytes = 12345;
  finding.patch.push_back({TextEdit::Kind::Replace, {"mlbuild.yaml", 3, 5, 6}, "mlflow", "mlflow-skinny"});
  const json page = json::parse(image_page_json(image_of({}), nullptr, {finding}));
  EXPECT_EQ(page["findings"][0]["saves"]["compressed_bytes"], 12345);
  EXPECT_EQ(page["findings"][0]["patch"][0]["after"], "mlflow-skinny");
}

}  // namespace
}  // namespace mlbuild
