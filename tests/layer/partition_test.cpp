#include "mlbuild/layer/wheel_layer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace mlbuild {
namespace {

std::vector<PartitionItem> wheels(std::size_t small, std::size_t large) {
  std::vector<PartitionItem> items;
  for (std::size_t i = 0; i < small; ++i) items.push_back({fmt::format("small-{}", i), 1000 + i});
  for (std::size_t i = 0; i < large; ++i) items.push_back({fmt::format("large-{}", i), kOwnLayerBytes + i});
  return items;
}

std::set<std::set<std::string>> names(const std::vector<PartitionItem>& items,
                                      const std::vector<std::vector<std::size_t>>& layers) {
  std::set<std::set<std::string>> result;
  for (const auto& layer : layers) {
    std::set<std::string> group;
    for (const std::size_t index : layer) group.insert(items[index].name);
    result.insert(group);
  }
  return result;
}

std::set<std::string> large_and_alone(const std::vector<PartitionItem>& items,
                                      const std::vector<std::vector<std::size_t>>& layers) {
  std::set<std::string> result;
  for (const auto& layer : layers) {
    if (layer.size() == 1 && items[layer[0]].name.starts_with("large")) result.insert(items[layer[0]].name);
  }
  return result;
}

TEST(PartitionWheels, EveryWheelIsInOneLayerAndNoLayerIsEmpty) {
  const auto items = wheels(200, 30);
  std::vector<std::size_t> seen;
  for (const auto& layer : partition_wheels(items, 64)) {
    EXPECT_FALSE(layer.empty());
    seen.insert(seen.end(), layer.begin(), layer.end());
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), items.size());
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
}

TEST(PartitionWheels, LargeWheelsHaveTheirOwnLayers) {
  const auto items = wheels(100, 13);
  const auto layers = partition_wheels(items, 64);
  EXPECT_EQ(layers.size(), 13 + kGroups);
  EXPECT_EQ(large_and_alone(items, layers).size(), 13U);
}

TEST(PartitionWheels, WhoHasAnOwnLayerIsTheCallersChoice) {
  const std::vector<PartitionItem> items{{"medium", kOwnLayerBytes}, {"large", kOwnBytecodeLayerBytes}, {"small", 1}};
  EXPECT_EQ(partition_wheels(items, 64, kOwnBytecodeLayerBytes).front(), (std::vector<std::size_t>{1}));
  EXPECT_EQ(partition_wheels(items, 64).front(), (std::vector<std::size_t>{1}));
  EXPECT_EQ(partition_wheels(items, 64).at(1), (std::vector<std::size_t>{0}));
}

TEST(PartCount, SplitsAboveTheLimitOnly) {
  EXPECT_EQ(part_count(0), 1U);
  EXPECT_EQ(part_count(kSplitBytes), 1U);
  EXPECT_EQ(part_count(kSplitBytes + 1), 2U);
  EXPECT_EQ(part_count(3 * kSplitBytes), 3U);
}

TEST(PartitionWheels, NeverMakesMoreLayersThanAllowed) {
  for (const std::size_t limit : {0U, 1U, 2U, 15U, 16U, 17U, 40U}) {
    EXPECT_LE(partition_wheels(wheels(100, 60), limit).size(), std::max<std::size_t>(limit, 1)) << limit;
  }
}

TEST(PartitionWheels, SmallestOwnLayersJoinTheGroupsFirst) {
  const auto items = wheels(100, 10);
  const auto layers = partition_wheels(items, kGroups + 4);
  EXPECT_EQ(large_and_alone(items, layers), (std::set<std::string>{"large-6", "large-7", "large-8", "large-9"}));
}

TEST(PartitionWheels, OrderOfInputIsIrrelevant) {
  auto items = wheels(50, 5);
  const auto before = names(items, partition_wheels(items, 12));
  std::shuffle(items.begin(), items.end(), std::mt19937(1));
  EXPECT_EQ(names(items, partition_wheels(items, 12)), before);
}

TEST(PartitionWheels, AnotherWheelChangesAtMostOneGroup) {
  auto items = wheels(100, 5);
  const auto before = names(items, partition_wheels(items, 64));
  items.push_back({"newcomer", 5});
  const auto after = names(items, partition_wheels(items, 64));
  std::size_t changed = 0;
  for (const auto& layer : after) changed += before.contains(layer) ? 0 : 1;
  EXPECT_EQ(changed, 1U);
}

// The hash decides digests of layers: it may not change between releases.
TEST(PartitionWheels, GroupsAreThoseOfTheFormat) {
  const std::vector<PartitionItem> items{{"six", 1}, {"tqdm", 1}, {"yarl", 1}, {"idna", 1}};
  // First 8 bytes of sha256("yarl"), ("idna"), ("tqdm"), ("six") modulo 10: 4, 5, 5, 6, computed with coreutils.
  EXPECT_EQ(partition_wheels(items, 64), (std::vector<std::vector<std::size_t>>{{2}, {3, 1}, {0}}));
}

}  // namespace
}  // namespace mlbuild
