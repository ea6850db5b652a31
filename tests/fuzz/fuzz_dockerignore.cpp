#include "../../src/spec/ignore_file.hpp"
#include "fuzz/fuzz_support.hpp"

#include <string>

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const std::string text(as_text(fuzz::input_bytes(data, size)));
    const spec::IgnoreFile file = spec::IgnoreFile::parse(text, ".dockerignore");
    for (const std::string path : {"a", "a/b/c.py", "pipeline/__pycache__/main.cpython-311.pyc", "README.md"}) {
      // Without exceptions, what is excluded excludes all below it.
      if (!file.has_exceptions() && file.excludes(path)) fuzz::require(file.excludes(path + "/below"));
    }
    file.excludes(text.substr(0, 200));
  });
}
