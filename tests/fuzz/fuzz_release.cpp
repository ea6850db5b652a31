#include "fuzz/fuzz_support.hpp"

#include "mlbuild/index/release.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const Release release = Release::parse(as_text(fuzz::input_bytes(data, size)));
    fuzz::require(!release.files.empty());
    fuzz::require(to_rfc3339(release.date_seconds).size() == 20);
  });
}
