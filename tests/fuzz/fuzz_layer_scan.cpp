#include "fuzz/fuzz_support.hpp"

#include "mlbuild/inspect/contents.hpp"

using namespace mlbuild;

// What is written of a layer is read again, and both give an image that adds up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const ByteSpan bytes = fuzz::input_bytes(data, size);
    SpanSource source(bytes);
    const LayerScan scan =
        as_text(bytes).starts_with('{') ? parse_layer_scan(as_text(bytes)) : scan_layer(source, Cancellation());
    const ImageContents contents = explain({scan, scan});
    fuzz::require(contents.hidden.size() == 2);
    ByteCount sum;
    for (const ContentPackage& package : contents.packages) sum += package.bytes;
    fuzz::require(sum == contents.sum());
  });
}
