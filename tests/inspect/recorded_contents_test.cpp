#include "mlbuild/inspect/recorded_contents.hpp"

#include <gtest/gtest.h>

namespace mlbuild {
namespace {

ImageLayer layer(std::uint64_t plain_bytes, std::vector<LayerPackage> packages) {
  ImageLayer made;
  made.facts.plain_size_bytes = plain_bytes;
  made.facts.packages = std::move(packages);
  return made;
}

TEST(RecordedContents, AddsUpAPackageOverItsLayersAndBytecode) {
  Image image;
  image.layers = {layer(5000, {{"wheel", "torch", "2.3.1", 1000, 400}}),
                  layer(5000, {{"wheel", "torch", "2.3.1", 500, 100}}),
                  layer(5000, {{"bytecode", "torch", "2.3.1", 50, 20}, {"bytecode", "python3.11", "3.11", 7, 3}})};
  const auto contents = recorded_contents(image);
  ASSERT_TRUE(contents);
  ASSERT_EQ(contents->packages.size(), 2U);
  EXPECT_EQ(contents->packages[0].bytes, (ByteCount{1550, 520, 0}));
  EXPECT_EQ(contents->packages[0].layers, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(contents->packages[1].kind, "bytecode");
}

TEST(RecordedContents, LayersOfABaseThatTellNothingAreNamed) {
  Image image;
  image.layers = {layer(0, {}), layer(2048, {{"files", "app", "", 10, 5}, {"step", "compile", "", 10, 5}})};
  const auto contents = recorded_contents(image);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->unknown_layers, (std::vector<std::size_t>{0}));
  ASSERT_EQ(contents->packages.size(), 1U);
  EXPECT_EQ(contents->packages[0].name, "");
  EXPECT_EQ(contents->packages[0].bytes, (ByteCount{20, 10, 0}));
}

TEST(RecordedContents, AnImageOfSomebodyElseTellsNothing) {
  Image image;
  image.layers = {layer(0, {})};
  EXPECT_FALSE(recorded_contents(image));
}

}  // namespace
}  // namespace mlbuild
