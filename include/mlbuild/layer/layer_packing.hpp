#pragma once

#include "mlbuild/layer/layer.hpp"
#include "mlbuild/oci/oci.hpp"

#include <cstddef>
#include <memory>

namespace mlbuild {

/// What the spec's `layers` says of how every layer is written.
struct LayerPacking {
  oci::LayerCompression compression = oci::LayerCompression::Gzip;
  oci::LazyFormat lazy = oci::LazyFormat::None;
  std::size_t workers = 1;  ///< threads that compress one layer; the bytes do not depend on it
};

std::shared_ptr<const LayerRecipe> packed(std::shared_ptr<const LayerRecipe> recipe, const LayerPacking& packing);

/// What packed() adds to a recipe's card, for recipes that are made of their card.
void add_packing_fields(KeyCard& card, const LayerPacking& packing);

}  // namespace mlbuild
