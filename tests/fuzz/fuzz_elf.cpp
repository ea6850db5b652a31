#include "fuzz/fuzz_support.hpp"

#include "mlbuild/elf/object.hpp"

using namespace mlbuild;

// However a file is cut into pieces, it tells the same; and what it tells is text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const ByteSpan bytes = fuzz::input_bytes(data, size);
    SpanSource whole(bytes);
    const std::optional<elf::Object> object = elf::read_object(whole);
    elf::ObjectScanner scanner;
    const std::size_t step = size % 61 + 1;
    for (std::size_t at = 0; at < size; at += step) scanner.write(bytes.subspan(at, std::min(step, size - at)));
    fuzz::require(scanner.finish() == object);
    if (object) fuzz::require(object->bits == 32 || object->bits == 64);
  });
}
