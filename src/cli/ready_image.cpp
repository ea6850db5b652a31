#include "ready_image.hpp"

#include "bases.hpp"
#include "epoch.hpp"
#include "locking.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/inspect/scan_image.hpp"
#include "mlbuild/run/copy_image.hpp"
#include "mlbuild/run/host_platform.hpp"

#include <fmt/format.h>

namespace mlbuild::cli {

ReadyImage open_kept_image(const ImagePlace& place, const std::string& text, World& world) {
  world.events().on(ActivityStarted{fmt::format("reading the image {}", text)});
  ReadyImage ready;
  ready.source = open_place(place, world);
  ready.image = with_context([&] { return fmt::format("reading the image `{}`", text); },
                             [&] { return image_to_copy(*ready.source, host_platform()).images().front(); });
  for (ImageLayer& layer : ready.image.layers) layer.is_base = true;  // whoever made it may have used whiteouts
  ready.layers = std::make_unique<SourceBlobs>(*ready.source, ImageSet{ready.image});
  return ready;
}

LockedSpec::LockedSpec(const std::string& path, const std::string& variant, bool locked, World& world)
    : spec(read_spec(path)) {
  spec.variant(variant);
  lock = ensure_lock(spec, locked ? LockPolicy::Locked : LockPolicy::Update, world);
}

BuildRequest LockedSpec::request(const std::string& variant) const {
  BuildRequest request;
  request.spec = &spec;
  request.variant = &spec.variant(variant);
  request.image = chosen_images(spec, lock, variant, {host_platform().to_string()}).front();
  request.epoch_seconds = epoch_from_environment();
  return request;
}

ReadyImage build_from_spec(const BuildRequest& request, const BuildContext& context, World& world) {
  ReadyImage ready;
  ready.image = build_image(request, context).image;
  auto layers = std::make_unique<BaseBlobs>(world.store());
  add_bases(*layers, {request}, world);
  ready.layers = std::move(layers);
  return ready;
}

std::vector<LayerScan> scan_layers(const Image& image, BlobStore& layers, World& world) {
  const ScanContext context{[&](const BlobDigest& digest) { return layers.stream(digest); }, world.store(),
                            [&](std::uint64_t) {}, world.cancellation(), world.threads()};
  return scan_image(image, context);
}

}  // namespace mlbuild::cli
