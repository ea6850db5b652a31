#include "fuzz/fuzz_support.hpp"

#include "mlbuild/oci/oci.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const std::string_view text = as_text(fuzz::input_bytes(data, size));
    fuzz::require(oci::Reference::parse(text).to_string() == text);
  });
}
