#include "fuzz/fuzz_support.hpp"

#include "mlbuild/debian/control.hpp"
#include "mlbuild/debian/dependency.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    SpanSource source(fuzz::input_bytes(data, size));
    debian::StanzaReader reader(source);
    debian::Stanza stanza;
    while (reader.next(stanza)) {
      fuzz::require(stanza.text().size() <= size + 1);
      // What was read is what was written: reading the text again gives the same fields.
      fuzz::require(debian::read_stanza(stanza.text()).get("Package") == stanza.get("package"));
      for (const auto& group : debian::parse_dependencies(stanza.get("Depends"))) {
        fuzz::require(debian::to_string(debian::parse_dependencies(debian::to_string(group)).front()) ==
                      debian::to_string(group));
      }
    }
  });
}
