#include "segment_collector.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/layer.hpp"

namespace mlbuild {
namespace {

/// Passes a layer on as plain bytes of a real blob.
class BlobLayerSink final : public LayerSink {
 public:
  explicit BlobLayerSink(BlobWriter& blob) : blob_(blob) {}
  void inline_bytes(ByteSpan bytes) override { blob_.write(bytes); }
  void blob_range(const BlobDigest&, std::uint64_t, ByteSpan bytes) override { blob_.write(bytes); }

 private:
  BlobWriter& blob_;
};

LayerFacts make_virtual_layer(const LayerRecipe& recipe, BlobStore& store) {
  SegmentCollector collector(store);
  LayerFacts facts = recipe.write(store, collector);
  store.put_virtual(facts.digest, facts.size_bytes, collector.take());
  return facts;
}

LayerFacts make_real_layer(const LayerRecipe& recipe, BlobStore& store) {
  const std::unique_ptr<BlobWriter> blob = store.begin();
  BlobLayerSink sink(*blob);
  LayerFacts facts = recipe.write(store, sink);
  // Both sides hashed the same bytes; a difference is a bug, not foreign damage.
  if (blob->commit() != facts.digest) throw Error(ErrorKind::Internal, "layer and its blob disagree about the digest");
  return facts;
}

}  // namespace

LayerFacts make_layer(const LayerRecipe& recipe, BlobStore& store) {
  return recipe.is_virtual() ? make_virtual_layer(recipe, store) : make_real_layer(recipe, store);
}

}  // namespace mlbuild
