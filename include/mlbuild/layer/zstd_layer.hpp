#pragma once

#include "mlbuild/layer/layer.hpp"

#include <cstddef>
#include <memory>

namespace mlbuild {

/// Another recipe's tar as one zstd frame (RFC 8878): media type `application/vnd.oci.image.layer.v1.tar+zstd`. The
/// diffID is the other's. Nothing is transmuxed, so the layer is kept as bytes. docs/formats/layer.md.
class ZstdLayerRecipe final : public LayerRecipe {
 public:
  /// `workers`: threads that compress; at least 1. The bytes do not depend on it.
  ZstdLayerRecipe(std::shared_ptr<const LayerRecipe> inner, std::size_t workers);
  KeyCard card() const override;
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override { return false; }

 private:
  std::shared_ptr<const LayerRecipe> inner_;
  std::size_t workers_;
};

/// The fields that make a card one of a zstd layer, for recipes that are made of their card.
void add_zstd_fields(KeyCard& card);

}  // namespace mlbuild
