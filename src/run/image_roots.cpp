#include "image_roots.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <system_error>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

fs::path layer_root(const ImageLayer& layer, BlobStore& layers, DiskStore& store, const Cancellation& cancellation) {
  KeyCard card("layer-root", 1);
  card.set("layer", layer.facts.diff_id.to_string());
  return store.tree(card.key(), [&](const fs::path& root) {
    with_context([&] { return fmt::format("unpacking {}", layer.created_by); },
                 [&] {
                   const std::unique_ptr<Source> bytes = layers.stream(layer.facts.digest);
                   unpack_layers({bytes.get()}, root, cancellation);
                 });
  });
}

}  // namespace

std::vector<fs::path> image_roots(const Image& image, BlobStore& layers, DiskStore& store, std::size_t threads,
                                  const Cancellation& cancellation) {
  std::vector<fs::path> roots(image.layers.size());
  parallel_for(threads, roots.size(),
               [&](std::size_t i) { roots[i] = layer_root(image.layers[i], layers, store, cancellation); });
  return roots;
}

std::optional<fs::path> find_in_roots(const std::vector<fs::path>& roots, const fs::path& path_in_image) {
  for (auto root = roots.rbegin(); root != roots.rend(); ++root) {
    fs::path found = *root / path_in_image.relative_path();
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(found, ignored))) return found;
  }
  return std::nullopt;
}

}  // namespace mlbuild
