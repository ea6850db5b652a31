#include "fuzz/fuzz_support.hpp"

#include "mlbuild/store/key_card.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const KeyCard card = KeyCard::parse(as_text(fuzz::input_bytes(data, size)));
    fuzz::require(KeyCard::parse(card.to_json()).key() == card.key());
  });
}
