// ISA-L against libdeflate: what one takes for a stream, the other must not read in another way. Who reads our layers
// uses a third.

#include "fuzz/fuzz_support.hpp"

#include "mlbuild/io/deflate.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <optional>

using namespace mlbuild;

namespace {

constexpr std::size_t kMaxPlainBytes = 64 * 1024;  // small: this target decodes each input four times

struct Plain {
  Bytes bytes;
  std::size_t consumed = 0;
};

/// Nothing when the stream is refused or does not end within the input.
std::optional<Plain> by_isal(ByteSpan input, std::size_t chunk_bytes) {
  std::optional<Plain> result;
  fuzz::expect_value_or_error([&] {
    Inflater inflater;
    BytesSink out(kMaxPlainBytes);
    std::size_t consumed = 0;
    while (!inflater.done() && consumed < input.size()) {
      const ByteSpan chunk = input.subspan(consumed, std::min(chunk_bytes, input.size() - consumed));
      const std::size_t taken = inflater.write(chunk, out);
      fuzz::require(inflater.done() || taken == chunk.size());
      consumed += taken;
    }
    if (inflater.done()) result = Plain{out.take(), consumed};
  });
  return result;
}

std::optional<Plain> by_libdeflate(ByteSpan input) {
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  Plain plain{Bytes(kMaxPlainBytes)};
  std::size_t size = 0;
  const libdeflate_result result = libdeflate_deflate_decompress_ex(
      decompressor.get(), input.data(), input.size(), plain.bytes.data(), plain.bytes.size(), &plain.consumed, &size);
  if (result != LIBDEFLATE_SUCCESS) return std::nullopt;
  plain.bytes.resize(size);
  return plain;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan input = fuzz::input_bytes(data, size);
  const std::optional<Plain> whole = by_isal(input, std::max<std::size_t>(1, size));
  for (const std::size_t chunk_bytes : {1U, 7U}) {
    const std::optional<Plain> pieces = by_isal(input, chunk_bytes);
    fuzz::require(pieces.has_value() == whole.has_value());
    fuzz::require(!whole || (pieces->bytes == whole->bytes && pieces->consumed == whole->consumed));
  }
  const std::optional<Plain> other = by_libdeflate(input);
  fuzz::require(!whole || !other || (other->bytes == whole->bytes && other->consumed == whole->consumed));
  return 0;
}
