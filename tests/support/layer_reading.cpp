#include "support/layer_reading.hpp"

#include "mlbuild/io/deflate.hpp"

namespace mlbuild::test {

BlobDigest put_blob(BlobStore& store, ByteSpan bytes) {
  const std::unique_ptr<BlobWriter> blob = store.begin();
  blob->write(bytes);
  return blob->commit();
}

WheelInput put_wheel(BlobStore& store, const WheelBuilder& wheel) {
  return {wheel.filename(), put_blob(store, wheel.build())};
}

ReadLayer make_and_read(const LayerRecipe& recipe, BlobStore& store) {
  ReadLayer layer;
  layer.facts = make_layer(recipe, store);
  const std::unique_ptr<Source> tar = gunzip(store.stream(layer.facts.digest));
  read_tar(*tar, [&](const TarEntry& entry, Source& content) {
    layer.entries[entry.path] = {entry, std::string(as_text(read_all(content, 64U << 20U)))};
  });
  return layer;
}

ReadLayer install(std::initializer_list<WheelBuilder> wheels, const WheelLayerParameters& parameters) {
  MemoryStore store;
  std::vector<WheelInput> inputs;
  for (const WheelBuilder& wheel : wheels) inputs.push_back(put_wheel(store, wheel));
  return make_and_read(WheelLayerRecipe(inputs, parameters), store);
}

}  // namespace mlbuild::test
