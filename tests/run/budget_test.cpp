#include "mlbuild/run/budget.hpp"

#include "mlbuild/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mlbuild {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ImageLayer layer(const std::string& created_by, std::uint64_t compressed_bytes, std::uint64_t plain_bytes) {
  ImageLayer layer;
  layer.created_by = created_by;
  layer.facts.size_bytes = compressed_bytes;
  layer.facts.plain_size_bytes = plain_bytes;
  return layer;
}

Image image_of(std::vector<ImageLayer> layers) {
  Image image;
  image.layers = std::move(layers);
  return image;
}

Located<std::uint64_t> at_line_7(std::uint64_t value) { return {value, {"mlbuild.yaml", 7, 3, 1}}; }

Error refusal(const Image& image, const SizeBudget& budget, const std::optional<ImageBefore>& before = std::nullopt) {
  try {
    check_budget(image, budget, before);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorKind::Internal, "nothing was refused"};
}

std::string all_text(const Error& error) {
  std::string text = error.message();
  for (const std::string& line : error.context()) text += "\n" + line;
  return text;
}

TEST(CheckBudget, AnImageAtTheLimitPassesAndOneByteMoreDoesNot) {
  SizeBudget budget;
  budget.compressed_bytes = at_line_7(1000);
  EXPECT_EQ(check_budget(image_of({layer("app", 1000, 5000)}), budget, std::nullopt),
            "1.0 kB of 1.0 kB compressed (100 %)");
  const Error error = refusal(image_of({layer("app", 1001, 5000)}), budget);
  EXPECT_EQ(error.kind(), ErrorKind::Gate);
  EXPECT_EQ(error.location().line, 7U);
}

TEST(CheckBudget, NamesTheLargestPackagesFirst) {
  ImageLayer wheels = layer("wheels big, small", 3000, 9000);
  wheels.facts.packages = {{"wheel", "small", "1.0", 1000, 500}, {"wheel", "big", "2.0", 8000, 2500}};
  SizeBudget budget;
  budget.uncompressed_bytes = at_line_7(100);
  EXPECT_THAT(all_text(refusal(image_of({wheels, layer("app", 1, 10)}), budget)),
              HasSubstr("big 2.0 8.0 kB, small 1.0 1.0 kB, app 10 B"));
}

ImageLayer layer_of(const std::string& created_by, const LayerPackage& package) {
  ImageLayer made = layer(created_by, package.compressed_size_bytes, package.plain_size_bytes);
  made.facts.packages = {package};
  return made;
}

/// A wheel that is too large for one layer, and its bytecode.
std::vector<ImageLayer> torch_layers(const std::string& version, std::uint64_t part_bytes) {
  const std::string label = "wheel torch " + version;
  return {layer_of(label + ", part 1 of 2", {"wheel", "torch", version, 2 * part_bytes, part_bytes}),
          layer_of(label + ", part 2 of 2", {"wheel", "torch", version, 2 * part_bytes, part_bytes}),
          layer_of("bytecode torch", {"bytecode", "torch", version, 200, 100})};
}

TEST(CheckBudget, PartsOfAPackageAreOne) {
  std::vector<ImageLayer> layers = torch_layers("2.4.0", 1000);
  layers.push_back(layer_of("wheel numpy 1.0", {"wheel", "numpy", "1.0", 900, 400}));
  SizeBudget budget;
  budget.compressed_bytes = at_line_7(100);
  EXPECT_THAT(all_text(refusal(image_of(layers), budget)), HasSubstr("largest: torch 2.4.0 2.1 kB, numpy 1.0 400 B"));
  budget.compressed_bytes.reset();
  budget.uncompressed_bytes = at_line_7(100);
  EXPECT_THAT(all_text(refusal(image_of(layers), budget)), HasSubstr("largest: torch 2.4.0 4.2 kB, numpy 1.0 900 B"));
}

TEST(CheckBudget, PartsOfAPackageGrowTogether) {
  const ImageBefore before{"app:1", image_of(torch_layers("2.3.1", 1000))};
  SizeBudget budget;
  budget.growth_bytes = at_line_7(1);
  std::string text = all_text(refusal(image_of(torch_layers("2.4.0", 1010)), budget, before));
  EXPECT_TRUE(text.ends_with("grew: torch +20 B")) << text;
  const ImageBefore named{
      "app:1", image_of({layer("wheel torch 2.3.1, part 1 of 2", 1000, 1),
                         layer("wheel torch 2.3.1, part 2 of 2", 1000, 1), layer("bytecode torch", 100, 1)})};
  text = all_text(refusal(image_of(torch_layers("2.4.0", 1010)), budget, named));
  EXPECT_TRUE(text.ends_with("grew: wheel torch +20 B")) << text;
}

TEST(CheckBudget, GrowthNamesWhatGrewUnderItsOldName) {
  const ImageBefore before{"registry/app:1",
                           image_of({layer("wheel one 1.0", 1000, 1), layer("wheel two 1.0", 500, 1)})};
  const Image after = image_of({layer("wheel one 1.1", 1900, 1), layer("wheel two 1.0", 500, 1)});
  SizeBudget budget;
  budget.growth_percent = {50, {"mlbuild.yaml", 9, 1, 1}};
  const Error error = refusal(after, budget, before);
  EXPECT_EQ(error.location().line, 9U);
  EXPECT_THAT(all_text(error), HasSubstr("wheel one +900 B"));
  EXPECT_THAT(all_text(error), Not(HasSubstr("wheel two")));
  budget.growth_percent->value = 60;
  EXPECT_EQ(check_budget(after, budget, before), "900 B more than registry/app:1");
}

TEST(CheckBudget, AnImageThatShrankIsFine) {
  SizeBudget budget;
  budget.growth_bytes = at_line_7(0);
  const ImageBefore before{"app:1", image_of({layer("app", 1000, 1)})};
  EXPECT_EQ(check_budget(image_of({layer("app", 900, 1)}), budget, before), "100 B less than app:1");
}

TEST(CheckBudget, WithoutABudgetNothingIsSaid) {
  EXPECT_EQ(check_budget(image_of({layer("app", 1, 1)}), SizeBudget{}, std::nullopt), "");
}

}  // namespace
}  // namespace mlbuild
