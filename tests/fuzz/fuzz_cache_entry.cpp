#include "fuzz/fuzz_support.hpp"

#include "mlbuild/image/cache_entry.hpp"

#include <string>
#include <string_view>

using namespace mlbuild;

/// 64 hex digits of the key that was asked for, a line end, the manifest that came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kDigits = 64;
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  if (text.size() <= kDigits || !Digest::is_hex(text.substr(0, kDigits))) return 0;
  const StepKey key = StepKey::parse(text.substr(0, kDigits));
  fuzz::expect_value_or_error([&] {
    const KnownLayers known = parse_cache_entry(text.substr(kDigits + 1), key);
    fuzz::require(known.layers.size() == 1 && known.layers.contains(key));
    for (const auto& [build, wheel] : known.built_wheels) {
      fuzz::require(wheel.key == build && wheel.filename.find('/') == std::string::npos);
    }
  });
  return 0;
}
