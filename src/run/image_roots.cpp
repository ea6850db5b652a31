#include "image_roots.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <span>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

using Layers = std::span<const ImageLayer>;

/// Layers that are one tree, bottom to top.
fs::path tree_of(Layers group, BlobStore& layers, DiskStore& store, const Cancellation& cancellation) {
  KeyCard card("layer-root", 3);
  for (std::size_t i = 0; i < group.size(); ++i) {
    card.set(fmt::format("layer-{:03}", i), group[i].facts.diff_id.to_string());
  }
  return store.tree(card.key(), [&](const fs::path& root) {
    for (const ImageLayer& layer : group) {
      with_context([&] { return fmt::format("unpacking {}", layer.created_by); },
                   [&] {
                     const std::unique_ptr<Source> bytes = layers.stream(layer.facts.digest);
                     if (group.size() == 1) {
                       unpack_upper_layer(*bytes, root, cancellation);
                     } else {
                       unpack_layers({bytes.get()}, root, cancellation);
                     }
                   });
    }
  });
}

std::vector<Layers> groups_of(const std::vector<ImageLayer>& layers) {
  std::size_t merged = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].is_base || layers[i].hides_lower) merged = i + 1;
  }
  std::vector<Layers> groups;
  if (merged > 0) groups.push_back(Layers(layers).first(merged));
  for (std::size_t i = merged; i < layers.size(); ++i) groups.push_back(Layers(layers).subspan(i, 1));
  return groups;
}

}  // namespace

ImageRoots::ImageRoots(const std::vector<ImageLayer>& image_layers, BlobStore& layers, DiskStore& store,
                       std::size_t threads, const Cancellation& cancellation) {
  const std::vector<Layers> groups = groups_of(image_layers);
  for (const Layers& group : groups) made_by_.push_back(group.front().is_base ? "base" : group.front().created_by);
  paths_.resize(groups.size());
  parallel_for(threads, groups.size(),
               [&](std::size_t i) { paths_[i] = tree_of(groups[i], layers, store, cancellation); });
}

std::string ImageRoots::made_by(const fs::path& path_in_image) const {
  for (std::size_t i = paths_.size(); i-- > 0;) {
    if (find_in_roots({paths_[i]}, path_in_image)) return made_by_[i];
  }
  return {};
}

std::optional<fs::path> find_in_roots(const std::vector<fs::path>& roots, const fs::path& path_in_image) {
  return find_in_trees(roots, path_in_image.relative_path().lexically_normal().string());
}

}  // namespace mlbuild
