#include "interruptible_store.hpp"
#include "plain_layer_sink.hpp"
#include "segment_collector.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/layer/layer.hpp"

namespace mlbuild {
namespace {

/// Asks for cancellation with all that is written: application files come from no store.
class InterruptibleSink final : public LayerSink {
 public:
  InterruptibleSink(LayerSink& out, const Cancellation& cancellation) : out_(out), cancellation_(cancellation) {}
  LayerForm form() const override { return out_.form(); }
  void inline_bytes(ByteSpan bytes) override {
    cancellation_.check();
    out_.inline_bytes(bytes);
  }
  void blob_range(const BlobDigest& blob, std::uint64_t offset, ByteSpan bytes) override {
    out_.blob_range(blob, offset, bytes);
  }

 private:
  LayerSink& out_;
  const Cancellation& cancellation_;
};

LayerFacts write_layer(const LayerRecipe& recipe, BlobStore& store, LayerSink& out, const Cancellation& cancellation) {
  InterruptibleStore reads(store, cancellation);
  InterruptibleSink writes(out, cancellation);
  return recipe.write(reads, writes);
}

LayerFacts make_virtual_layer(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation) {
  SegmentCollector collector(store);
  LayerFacts facts = write_layer(recipe, store, collector, cancellation);
  store.put_hashed(facts.digest, facts.size_bytes, collector.take(), collector.crc());
  return facts;
}

LayerFacts make_real_layer(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation) {
  const std::unique_ptr<BlobWriter> blob = store.begin();
  PlainLayerSink sink(*blob);
  LayerFacts facts = write_layer(recipe, store, sink, cancellation);
  // Both sides hashed the same bytes; a difference is a bug, not foreign damage.
  if (blob->commit() != facts.digest) throw Error(ErrorKind::Internal, "layer and its blob disagree about the digest");
  return facts;
}

}  // namespace

LayerFacts make_layer(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation) {
  return recipe.is_virtual() ? make_virtual_layer(recipe, store, cancellation)
                             : make_real_layer(recipe, store, cancellation);
}

}  // namespace mlbuild
