#include "interruptible_store.hpp"

#include "mlbuild/io/pipe_source.hpp"
#include "mlbuild/layer/layer.hpp"

namespace mlbuild {
std::unique_ptr<Source> stream_layer(const LayerRecipe& recipe, BlobStore& store, const Cancellation& cancellation) {
  return pipe_from([&recipe, &store, &cancellation](Sink& out) {
    InterruptibleStore reads(store, cancellation);
    TarLayerSink sink(out);
    recipe.write(reads, sink);
  });
}

}  // namespace mlbuild
