#include "fuzz_support.hpp"

#include "mlbuild/python/requirement.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mlbuild;
  constexpr std::size_t kMaxTextBytes = 4096;  // each line can be a mistake, for which the nearest right word is sought
  const std::string text(as_text(fuzz::input_bytes(data, size)).substr(0, kMaxTextBytes));
  return fuzz::expect_value_or_error([&] {
    Diagnostics diagnostics;
    const auto file = python::parse_requirements_file(
        "fuzzed.txt", [&](const std::string&) { return text; }, diagnostics);
    for (const python::Requirement& requirement : file.requirements) {
      requirement.is_pinned();
      // One line of the resolver's input each, and never an option.
      fuzz::require(!requirement.text.empty() && requirement.text.find('\n') == std::string::npos &&
                    requirement.text[0] != '-');
    }
  });
}
