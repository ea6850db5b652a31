#include "base_probe.hpp"
#include "fuzz_support.hpp"

#include "mlbuild/archive/tar.hpp"

// One layer twice, so that it also hides its own past.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mlbuild;
  return fuzz::expect_value_or_error([&] {
    BaseTree tree;
    for (int i = 0; i < 2; ++i) {
      SpanSource layer(fuzz::input_bytes(data, size));
      tree.add_layer(layer, [] {});
    }
    const BaseFacts facts = base_facts(tree, {}, {"linux", "amd64", ""});
    if (!facts.interpreter) return fuzz::require(!facts.without.hint.empty());
    fuzz::require(why_unsafe_path(facts.interpreter->scheme->purelib).empty());
    fuzz::require(facts.interpreter->full_version.starts_with(facts.interpreter->version + "."));
  });
}
