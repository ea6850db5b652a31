#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/wheel_layer.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace mlbuild {
namespace {

using Layer = std::vector<std::size_t>;

/// Stable between releases, hosts and sets of wheels: the first 8 bytes of the name's SHA-256, big endian.
std::uint64_t name_hash(const std::string& name) {
  const Digest digest = sha256(name);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 8; ++i) hash = hash << 8U | std::to_integer<std::uint64_t>(digest.bytes[i]);
  return hash;
}

/// Wheels spread over own layers and groups. Own layers are in name order.
struct Spread {
  std::vector<std::size_t> own;
  std::map<std::uint64_t, Layer> groups;
  std::size_t layer_count() const { return own.size() + groups.size(); }
};

Spread spread_by_size(const std::vector<PartitionItem>& wheels, const std::vector<std::size_t>& in_name_order,
                      std::size_t group_count, std::uint64_t own_layer_bytes) {
  Spread spread;
  for (const std::size_t index : in_name_order) {
    if (wheels[index].size_bytes >= own_layer_bytes) {
      spread.own.push_back(index);
    } else {
      spread.groups[name_hash(wheels[index].name) % group_count].push_back(index);
    }
  }
  return spread;
}

void join_smallest_own(Spread& spread, const std::vector<PartitionItem>& wheels, std::size_t group_count) {
  const auto smallest = std::min_element(spread.own.begin(), spread.own.end(), [&](std::size_t a, std::size_t b) {
    return wheels[a].size_bytes < wheels[b].size_bytes;  // the first in name order among equals
  });
  spread.groups[name_hash(wheels[*smallest].name) % group_count].push_back(*smallest);
  spread.own.erase(smallest);
}

}  // namespace

std::size_t part_count(std::uint64_t wheel_size_bytes) {
  return std::max<std::uint64_t>(1, wheel_size_bytes / kSplitBytes + (wheel_size_bytes % kSplitBytes == 0 ? 0 : 1));
}

std::vector<std::vector<std::size_t>> partition_wheels(const std::vector<PartitionItem>& wheels, std::size_t max_layers,
                                                       std::uint64_t own_layer_bytes) {
  max_layers = std::max<std::size_t>(max_layers, 1);
  const std::size_t group_count = std::min(kGroups, max_layers);
  const auto by_name = [&](std::size_t a, std::size_t b) { return wheels[a].name < wheels[b].name; };
  std::vector<std::size_t> in_name_order(wheels.size());
  std::iota(in_name_order.begin(), in_name_order.end(), std::size_t{0});
  std::stable_sort(in_name_order.begin(), in_name_order.end(), by_name);

  Spread spread = spread_by_size(wheels, in_name_order, group_count, own_layer_bytes);
  while (spread.layer_count() > max_layers) join_smallest_own(spread, wheels, group_count);

  std::vector<Layer> layers;
  for (const std::size_t index : spread.own) layers.push_back({index});
  for (auto& [number, group] : spread.groups) {
    std::stable_sort(group.begin(), group.end(), by_name);
    layers.push_back(std::move(group));
  }
  return layers;
}

}  // namespace mlbuild
