#include "fuzz/fuzz_support.hpp"

#include "mlbuild/image/known_layers.hpp"

#include <string_view>

using namespace mlbuild;

/// A manifest, a line end, a config.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  fuzz::expect_value_or_error([&] {
    const oci::Manifest manifest = oci::parse_manifest(text.substr(0, end));
    const KnownLayers known = known_layers(manifest, oci::parse_config(text.substr(end + 1)));
    fuzz::require(known.layers.empty() || has_known_layers(manifest));
    for (const auto& [key, wheel] : known.built_wheels) {
      fuzz::require(wheel.key == key && wheel.filename.find('/') == std::string::npos);
    }
  });
  return 0;
}
