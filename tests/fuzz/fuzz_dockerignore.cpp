#include "../../src/spec/ignore_file.hpp"
#include "fuzz/fuzz_support.hpp"

#include <string>

using namespace mlbuild;

namespace {

// Matching takes as long as patterns times paths times their slashes are.
constexpr std::size_t kMaxTextBytes = 1024, kMaxPathBytes = 100;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const std::string text(as_text(fuzz::input_bytes(data, size)).substr(0, kMaxTextBytes));
    const spec::IgnoreFile file = spec::IgnoreFile::parse(text, ".dockerignore");
    for (const std::string path : {"a", "a/b/c.py", "pipeline/__pycache__/main.cpython-311.pyc", "README.md"}) {
      // Without exceptions, what is excluded excludes all below it.
      if (!file.has_exceptions() && file.excludes(path)) fuzz::require(file.excludes(path + "/below"));
    }
    file.excludes(text.substr(0, kMaxPathBytes));
  });
}
