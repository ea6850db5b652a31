#include "mlbuild/inspect/recorded_contents.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace mlbuild {
namespace {

using Key = std::tuple<std::string, std::string, std::string>;

/// Packages are called as in an image that was read: what belongs to no package is "files" without a name.
Key key_of(const LayerPackage& package) {
  if (package.kind == "files" || package.kind == "step") return {"files", "", ""};
  return {package.kind, package.name, package.version};
}

using Packages = std::map<Key, ContentPackage>;

void add_layer(Packages& packages, const ImageLayer& layer, std::size_t number) {
  for (const LayerPackage& package : layer.facts.packages) {
    const Key key = key_of(package);
    ContentPackage& sum = packages[key];
    std::tie(sum.kind, sum.name, sum.version) = key;
    sum.bytes += {package.plain_size_bytes, package.compressed_size_bytes, 0};
    if (sum.layers.empty() || sum.layers.back() != number) sum.layers.push_back(number);
  }
}

/// Bytecode goes with its source, as explain() has it.
void join_bytecode(Packages& packages) {
  for (auto at = packages.begin(); at != packages.end();) {
    const auto& [kind, name, version] = at->first;
    const auto wheel = kind == "bytecode" ? packages.find({"wheel", name, version}) : packages.end();
    if (wheel == packages.end()) {
      ++at;
      continue;
    }
    wheel->second.bytes += at->second.bytes;
    wheel->second.layers.insert(wheel->second.layers.end(), at->second.layers.begin(), at->second.layers.end());
    std::ranges::sort(wheel->second.layers);
    at = packages.erase(at);
  }
}

}  // namespace

std::optional<RecordedContents> recorded_contents(const Image& image) {
  Packages packages;
  RecordedContents contents;
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    if (image.layers[i].facts.plain_size_bytes == 0) {  // a tar has two blocks at least
      contents.unknown_layers.push_back(i);
    } else {
      add_layer(packages, image.layers[i], i);
    }
  }
  if (contents.unknown_layers.size() == image.layers.size()) return std::nullopt;
  join_bytecode(packages);
  for (auto& [key, package] : packages) contents.packages.push_back(std::move(package));
  std::ranges::stable_sort(contents.packages, std::ranges::greater(),
                           [](const ContentPackage& package) { return package.bytes.compressed_bytes; });
  return contents;
}

}  // namespace mlbuild
