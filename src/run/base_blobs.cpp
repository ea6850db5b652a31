#include "mlbuild/run/base_blobs.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {

void BaseBlobs::add(const LockedBaseImage& base, std::shared_ptr<BaseSource> source) {
  for (std::size_t i = 0; i < base.layers.size(); ++i) {
    layers_.try_emplace(base.layers[i].blob.digest, Layer{source, i, base.layers[i].blob});
  }
}

std::optional<std::uint64_t> BaseBlobs::find(const BlobDigest& digest) {
  if (const std::optional<std::uint64_t> here = inner().find(digest)) return here;
  const auto layer = layers_.find(digest);
  return layer == layers_.end() ? std::nullopt : std::optional(layer->second.blob.size_bytes);
}

std::unique_ptr<RandomAccess> BaseBlobs::open(const BlobDigest& digest) {
  if (!inner().find(digest) && layers_.contains(digest)) {
    const std::unique_ptr<BlobWriter> writer = inner().begin();
    copy(*stream(digest), *writer);
    writer->commit(digest);
  }
  return inner().open(digest);
}

std::unique_ptr<Source> BaseBlobs::stream(const BlobDigest& digest) {
  const auto layer = layers_.find(digest);
  if (layer == layers_.end() || inner().find(digest)) return inner().stream(digest);
  return with_context([&] { return fmt::format("opening base layer {}", digest.to_string()); },
                      [&] { return layer->second.source->open_layer(layer->second.number, layer->second.blob); });
}

}  // namespace mlbuild
