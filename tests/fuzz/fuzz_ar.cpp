#include "fuzz/fuzz_support.hpp"

#include "mlbuild/archive/ar.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const ByteSpan bytes = fuzz::input_bytes(data, size);
    for (const ArMember& member : read_ar_directory(MemoryFile(Bytes(bytes.begin(), bytes.end())))) {
      fuzz::require(member.offset + member.size_bytes <= size);
    }
  });
}
