#include "pulled_image.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/oci/lazy_annotations.hpp"
#include "mlbuild/pull/platform_choice.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

oci::Descriptor layer_of(const oci::Descriptor& written) {
  const std::optional<std::string> media_type = oci::layer_media_type(written.media_type);
  if (!media_type) {
    throw Error(ErrorKind::Foreign,
                fmt::format("a layer of the base has the media type `{}`, which cannot be passed on",
                            printable(written.media_type)))
        .hint("take an image whose layers are gzip, zstd or plain tars");
  }
  oci::Descriptor layer;
  layer.media_type = *media_type;
  layer.digest = written.digest;
  layer.size_bytes = written.size_bytes;
  layer.annotations = oci::lazy_annotations(written.annotations);
  return layer;
}

}  // namespace

PulledImage pulled_image(const BlobDigest& manifest_digest, const oci::Manifest& manifest, std::string_view config_json,
                         const oci::Platform& platform) {
  PulledImage image;
  image.manifest = manifest_digest;
  image.config_digest = BlobDigest(sha256(config_json));
  image.config = oci::parse_config(config_json);
  for (const oci::Descriptor& layer : manifest.layers) image.layers.push_back(layer_of(layer));
  if (image.layers.size() != image.config.diff_ids.size()) {
    throw Error(ErrorKind::Foreign, fmt::format("the base's manifest has {} layers, its config {}", image.layers.size(),
                                                image.config.diff_ids.size()));
  }
  if (image.layers.size() > kMaxLayers) {
    throw Error(ErrorKind::Foreign, fmt::format("the base has {} layers, and no runtime takes more than {}",
                                                image.layers.size(), kMaxLayers));
  }
  if (!is_for(image.config.platform, platform)) {
    throw Error(ErrorKind::Spec, fmt::format("the base is an image for {}, not for {}",
                                             printable(image.config.platform.to_string()), platform.to_string()))
        .hint("name a base for this platform, or change `platforms`");
  }
  return image;
}

}  // namespace mlbuild
