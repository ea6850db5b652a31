#include "fuzz/fuzz_support.hpp"

#include "mlbuild/archive/zip.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const ByteSpan bytes = fuzz::input_bytes(data, size);
    const MemoryFile file(Bytes(bytes.begin(), bytes.end()));
    std::uint64_t compressed = 0;
    for (const ZipMember& member : read_zip_directory(file)) {
      compressed += member.compressed_size_bytes;
      fuzz::require(member.data_offset + member.compressed_size_bytes <= size);
      fuzz::require(compressed <= size);  // members do not overlap
      fuzz::expect_value_or_error(
          [&] { fuzz::require(read_zip_member(file, member, fuzz::kMaxPlainBytes).size() == member.size_bytes); });
    }
  });
}
