#include "fuzz/fuzz_support.hpp"

#include "mlbuild/python/marker.hpp"

using namespace mlbuild;

// A marker that is one without an extra is one with it, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const std::string_view text = as_text(fuzz::input_bytes(data, size));
    python::marker_holds(text, {"3.11.2", "x86_64", ""});
    python::marker_holds(text, {"3.11.2", "x86_64", "test"});
  });
}
