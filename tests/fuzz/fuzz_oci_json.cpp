#include "fuzz/fuzz_support.hpp"

#include "mlbuild/oci/oci.hpp"

#include <string>
#include <string_view>

using namespace mlbuild;

namespace {

/// What a parser takes must be written and read again as the same.
template <class Parse>
void round_trip(const Parse& parse, std::string_view text) {
  const std::string once = oci::to_json(parse(text));
  fuzz::require(oci::to_json(parse(once)) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  fuzz::expect_value_or_error([&] { round_trip(oci::parse_manifest, text); });
  fuzz::expect_value_or_error([&] { round_trip(oci::parse_index, text); });
  fuzz::expect_value_or_error([&] { round_trip(oci::parse_config, text); });
  return 0;
}
