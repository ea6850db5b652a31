#include "mlbuild/run/budget.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace mlbuild {
namespace {

constexpr std::size_t kShown = 5;
constexpr const char* kWaysBack =
    "nothing was published; `mlbuild why PACKAGE` tells what brings one in, `mlbuild inspect` what is in it; or raise "
    "the limit";

struct Part {
  std::string name;
  std::int64_t bytes = 0;
};

/// "wheel torch 2.4.0" of "wheel torch 2.4.0, part 1 of 2".
std::string name_without_part(const std::string& created_by) {
  const auto part = created_by.rfind(", part ");
  return created_by.starts_with("wheel ") && part != std::string::npos ? created_by.substr(0, part) : created_by;
}

/// "wheel numpy" of "wheel numpy 1.26.4": what keeps its name when it moves.
std::string name_without_version(const std::string& created_by) {
  const auto space = created_by.rfind(' ');
  return created_by.starts_with("wheel ") && space > 5 ? created_by.substr(0, space) : created_by;
}

enum class Versions { Shown, Left };
using PartSizes = std::map<std::pair<std::string, std::string>, std::int64_t>;  ///< by kind and name

void add_layer(PartSizes& sizes, const ImageLayer& layer, std::uint64_t LayerPackage::*size, Versions versions) {
  const bool shown = versions == Versions::Shown;
  for (const LayerPackage& package : layer.facts.packages) {
    const std::string kind = package.kind == "bytecode" ? "wheel" : package.kind;
    const std::string version = shown && !package.version.empty() ? " " + package.version : "";
    sizes[{kind, package.name + version}] += static_cast<std::int64_t>(package.*size);
  }
  if (!layer.facts.packages.empty()) return;
  const std::string name = name_without_part(layer.created_by);
  const bool is_plain = size == &LayerPackage::plain_size_bytes;
  sizes[{"layer", shown ? name : name_without_version(name)}] +=
      static_cast<std::int64_t>(is_plain ? layer.facts.plain_size_bytes : layer.facts.size_bytes);
}

/// Each package with its bytecode, over all layers that have a part of it; a layer that nothing else is known of counts
/// as a package.
PartSizes sizes_of(const Image& image, std::uint64_t LayerPackage::*size, Versions versions) {
  PartSizes sizes;
  for (const ImageLayer& layer : image.layers) add_layer(sizes, layer, size, versions);
  return sizes;
}

std::vector<Part> parts_of(const PartSizes& sizes) {
  std::vector<Part> parts;
  for (const auto& [key, bytes] : sizes) {
    if (bytes > 0) parts.push_back({key.second, bytes});
  }
  return parts;
}

bool tells_packages(const Image& image) {
  return std::ranges::any_of(image.layers, [](const ImageLayer& layer) { return !layer.facts.packages.empty(); });
}

Image without_packages(Image image) {
  for (ImageLayer& layer : image.layers) layer.facts.packages.clear();
  return image;
}

std::vector<Part> grown_parts(const Image& before, const Image& after) {
  // Where one image has packages and the other has layers only, each package would be new.
  if (tells_packages(before) != tells_packages(after))
    return grown_parts(without_packages(before), without_packages(after));
  PartSizes sizes = sizes_of(after, &LayerPackage::compressed_size_bytes, Versions::Left);
  for (const auto& [key, bytes] : sizes_of(before, &LayerPackage::compressed_size_bytes, Versions::Left)) {
    sizes[key] -= bytes;
  }
  return parts_of(sizes);
}

std::string largest(std::vector<Part> parts, std::string_view sign) {
  std::ranges::stable_sort(parts, std::ranges::greater(), &Part::bytes);
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(kShown, parts.size()); ++i) {
    shown.push_back(fmt::format("{} {}{}", printable(parts[i].name), sign,
                                human_bytes(static_cast<std::uint64_t>(parts[i].bytes))));
  }
  return join(shown, ", ");
}

void check_limit(const std::optional<Located<std::uint64_t>>& limit, std::uint64_t bytes, std::string_view what,
                 const Image& image, std::uint64_t LayerPackage::*size) {
  if (!limit || bytes <= limit->value) return;
  throw Error(ErrorKind::Gate, fmt::format("the image has {} {}, {} more than its budget of {}", human_bytes(bytes),
                                           what, human_bytes(bytes - limit->value), human_bytes(limit->value)))
      .at(limit->location)
      .while_doing("largest: " + largest(parts_of(sizes_of(image, size, Versions::Shown)), ""))
      .hint(kWaysBack);
}

/// Most bytes that the image may have to have grown no more than it may.
std::pair<std::uint64_t, Location> growth_limit(const SizeBudget& budget, std::uint64_t before_bytes) {
  if (budget.growth_bytes) return {before_bytes + budget.growth_bytes->value, budget.growth_bytes->location};
  const double part = 1 + budget.growth_percent->value / 100;
  return {static_cast<std::uint64_t>(static_cast<double>(before_bytes) * part), budget.growth_percent->location};
}

void check_growth(const Image& image, const SizeBudget& budget, const ImageBefore& before) {
  const std::uint64_t before_bytes = before.image.compressed_size_bytes();
  const std::uint64_t bytes = image.compressed_size_bytes();
  const auto [limit_bytes, location] = growth_limit(budget, before_bytes);
  if (bytes <= limit_bytes) return;
  throw Error(ErrorKind::Gate, fmt::format("the image grew by {} compressed, from {} in {}; its budget is {} more",
                                           human_bytes(bytes - before_bytes), human_bytes(before_bytes),
                                           printable(before.name), human_bytes(limit_bytes - before_bytes)))
      .at(location)
      .while_doing("grew: " + largest(grown_parts(before.image, image), "+"))
      .hint(kWaysBack);
}

std::string used(const std::optional<Located<std::uint64_t>>& limit, std::uint64_t bytes, std::string_view what) {
  if (!limit) return "";
  const double percent = limit->value == 0 ? 100 : 100 * static_cast<double>(bytes) / static_cast<double>(limit->value);
  return fmt::format("{} of {} {} ({:.0f} %)", human_bytes(bytes), human_bytes(limit->value), what, percent);
}

std::string grown(const Image& image, const SizeBudget& budget, const std::optional<ImageBefore>& before) {
  if (!budget.has_growth() || !before) return "";
  const std::uint64_t before_bytes = before->image.compressed_size_bytes();
  const std::uint64_t bytes = image.compressed_size_bytes();
  const bool is_larger = bytes >= before_bytes;
  return fmt::format("{} {} than {}", human_bytes(is_larger ? bytes - before_bytes : before_bytes - bytes),
                     is_larger ? "more" : "less", printable(before->name));
}

}  // namespace

std::string check_budget(const Image& image, const SizeBudget& budget, const std::optional<ImageBefore>& before) {
  const std::uint64_t compressed_bytes = image.compressed_size_bytes();
  const std::uint64_t plain_bytes = image.plain_size_bytes();
  check_limit(budget.compressed_bytes, compressed_bytes, "compressed", image, &LayerPackage::compressed_size_bytes);
  check_limit(budget.uncompressed_bytes, plain_bytes, "unpacked", image, &LayerPackage::plain_size_bytes);
  if (before && budget.has_growth()) check_growth(image, budget, *before);
  std::vector<std::string> parts;
  for (const std::string& part :
       {used(budget.compressed_bytes, compressed_bytes, "compressed"),
        used(budget.uncompressed_bytes, plain_bytes, "unpacked"), grown(image, budget, before)}) {
    if (!part.empty()) parts.push_back(part);
  }
  return join(parts, ", ");
}

}  // namespace mlbuild
