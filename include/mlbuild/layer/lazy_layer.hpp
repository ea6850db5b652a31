#pragma once

#include "mlbuild/layer/layer.hpp"
#include "mlbuild/oci/oci.hpp"

#include <memory>

namespace mlbuild {

/// Another recipe's layer in a form whose files can be fetched one by one. Who does not know the form reads an ordinary
/// layer. eStargz is still made of the wheels' own streams and as virtual as the other recipe; its tar has entries of
/// the form's own, so the diffID is another one. docs/formats/estargz.md, docs/formats/zstd-chunked.md.
class LazyLayerRecipe final : public LayerRecipe {
 public:
  LazyLayerRecipe(std::shared_ptr<const LayerRecipe> inner, oci::LazyFormat format);
  KeyCard card() const override;
  LayerFacts write(BlobStore& blobs, LayerSink& out) const override;
  bool is_virtual() const override;

 private:
  std::shared_ptr<const LayerRecipe> inner_;
  oci::LazyFormat format_;
};

}  // namespace mlbuild
