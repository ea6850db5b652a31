#include "fuzz/fuzz_support.hpp"

#include "mlbuild/run/build_record.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  fuzz::expect_value_or_error([&] {
    const BuildRecord record = parse_build_record(text);
    const BuildRecord again = parse_build_record(to_annotation(record));
    fuzz::require(again.spec_json == record.spec_json && again.lock_json == record.lock_json);
  });
  return 0;
}
