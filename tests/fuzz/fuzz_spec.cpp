#include "../../src/spec/parse_spec.hpp"
#include "fuzz/fuzz_support.hpp"

#include "mlbuild/spec/spec.hpp"

#include <string>

using namespace mlbuild;

namespace {

/// Every name beside the spec is an empty file.
class EmptyFiles final : public spec::SpecDirectory {
 public:
  Kind look_up(const std::string&) const override { return Kind::File; }
  std::string read_text(const std::string&, std::uint64_t) const override { return {}; }
  std::vector<std::string> names_in(const std::string&) const override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const Spec spec = spec::parse_spec_text(as_text(fuzz::input_bytes(data, size)), "fuzz.yaml", EmptyFiles());
    fuzz::require(!spec.name.empty() && !spec.platforms.empty() && !spec.variants.empty());
    for (const SpecVariant& variant : spec.variants) {
      fuzz::require(variant.max_layers >= 8 && variant.max_layers <= 120);
      fuzz::require(locked_part_digest(spec, variant) == locked_part_digest(spec, spec.variant(variant.name)));
    }
  });
}
