#include "fuzz/fuzz_support.hpp"

#include "mlbuild/io/deflate.hpp"

using namespace mlbuild;

// All of decompress(): the first bytes choose between gzip, xz, zstd and plain.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const auto plain = decompress(std::make_unique<SpanSource>(fuzz::input_bytes(data, size)));
    read_all(*plain, fuzz::kMaxPlainBytes);
  });
}
