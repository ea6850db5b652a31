#include "fuzz_support.hpp"

#include "mlbuild/lock/lock.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mlbuild;
  return fuzz::expect_value_or_error([&] {
    const std::string text = to_json(parse_lock(as_text(fuzz::input_bytes(data, size)), "fuzzed.lock"));
    fuzz::require(to_json(parse_lock(text, "again.lock")) == text);
  });
}
