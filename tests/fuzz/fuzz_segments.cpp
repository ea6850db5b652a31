#include "fuzz/fuzz_support.hpp"
#include "segment_format.hpp"

#include "mlbuild/io/sha256.hpp"

#include <algorithm>

using namespace mlbuild;

namespace {

constexpr std::size_t kDigestBytes = 32;

void seal(Bytes& file, std::size_t end) {
  const Digest digest = sha256(ByteSpan(file).first(end));
  std::ranges::copy(digest.bytes, file.begin() + static_cast<std::ptrdiff_t>(end));
}

/// What the decoder takes is exactly what the encoder writes.
void check(const Bytes& file) {
  fuzz::expect_value_or_error([&] { fuzz::require(encode_virtual_blob(decode_virtual_blob(file)) == file); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan input = fuzz::input_bytes(data, size);
  Bytes file(input.begin(), input.end());
  check(file);
  fuzz::expect_value_or_error([&] {
    // The checksums made right, so that mutation reaches what is behind them.
    const std::size_t header = virtual_header_bytes(file);
    if (file.size() < header + kDigestBytes) return;
    seal(file, header - kDigestBytes);
    seal(file, file.size() - kDigestBytes);
    decode_virtual_header(ByteSpan(file).first(header));
  });
  check(file);
  return 0;
}
