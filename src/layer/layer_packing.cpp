#include "mlbuild/layer/layer_packing.hpp"

#include "lazy_fields.hpp"

#include "mlbuild/layer/lazy_layer.hpp"
#include "mlbuild/layer/zstd_layer.hpp"

namespace mlbuild {

std::shared_ptr<const LayerRecipe> packed(std::shared_ptr<const LayerRecipe> recipe, const LayerPacking& packing) {
  if (packing.lazy != oci::LazyFormat::None) {
    return std::make_shared<LazyLayerRecipe>(std::move(recipe), packing.lazy);
  }
  if (packing.compression == oci::LayerCompression::Zstd) {
    return std::make_shared<ZstdLayerRecipe>(std::move(recipe), packing.workers);
  }
  return recipe;
}

void add_packing_fields(KeyCard& card, const LayerPacking& packing) {
  if (packing.lazy != oci::LazyFormat::None) {
    add_lazy_fields(card, packing.lazy);
  } else if (packing.compression == oci::LayerCompression::Zstd) {
    add_zstd_fields(card);
  }
}

}  // namespace mlbuild
