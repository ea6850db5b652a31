#include "bases.hpp"

namespace mlbuild::cli {

void add_bases(BaseBlobs& blobs, const std::vector<BuildRequest>& requests, World& world) {
  for (const BuildRequest& request : requests) {
    if (!request.image->base_image) continue;
    blobs.add(*request.image->base_image, world.open_base(*request.spec, *request.variant->foreign_base));
  }
}

}  // namespace mlbuild::cli
