#include "mlbuild/run/pulled_image.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {

Image open_pulled_image(const std::shared_ptr<BaseSource>& source, const oci::Platform& platform, BaseBlobs& blobs) {
  const PulledImage pulled = source->read_image(platform);
  if (pulled.config.diff_ids.size() != pulled.layers.size())
    throw Error(ErrorKind::Foreign, fmt::format("the image has {} layers, but its config lists {}",
                                                pulled.layers.size(), pulled.config.diff_ids.size()));
  Image image;
  image.platform = platform;
  image.config_json = oci::to_json(pulled.config);
  image.config.digest = pulled.config_digest;
  image.manifest.digest = pulled.manifest;
  LockedBaseImage base;
  for (std::size_t i = 0; i < pulled.layers.size(); ++i) {
    ImageLayer layer;
    layer.facts.media_type = pulled.layers[i].media_type;
    layer.facts.digest = pulled.layers[i].digest;
    layer.facts.size_bytes = pulled.layers[i].size_bytes;
    layer.facts.diff_id = pulled.config.diff_ids[i];
    layer.created_by = fmt::format("layer {} of the image", i + 1);
    layer.is_base = true;
    image.layers.push_back(std::move(layer));
    base.layers.emplace_back().blob = pulled.layers[i];
  }
  blobs.add(base, source);
  return image;
}

}  // namespace mlbuild
