// A whole wheel, from zip directory to layer: what zip, METADATA, RECORD and entry points allow on their own may still
// contradict each other.
#include "fuzz/fuzz_support.hpp"

#include "mlbuild/io/deflate.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/layer/wheel_layer.hpp"
#include "mlbuild/store/memory_store.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemoryStore store;
  const auto blob = store.begin();
  blob->write(fuzz::input_bytes(data, size));
  const WheelInput wheel{"toy-1.0-py3-none-any.whl", blob->commit()};
  return fuzz::expect_value_or_error([&] {
    const LayerFacts facts = make_layer(WheelLayerRecipe({wheel}, {}), store);
    NullSink nowhere;
    HashingSink plain(nowhere);
    copy(*gunzip(store.stream(facts.digest)), plain);  // checks the digest of the layer on its way
    fuzz::require(DiffId(plain.digest()) == facts.diff_id);
    const auto tar = gunzip(store.stream(facts.digest));
    std::uint64_t entries = 0;
    read_tar(*tar, [&](const TarEntry& entry, Source&) {
      fuzz::require(entry.path == "usr" || entry.path.starts_with("usr/"));
      fuzz::require(entry.type == TarType::File || entry.type == TarType::Directory);
      ++entries;
    });
    fuzz::require(entries == facts.entry_count);
  });
}
