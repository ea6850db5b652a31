#include "fuzz/fuzz_support.hpp"

#include "mlbuild/index/python_index.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const std::string_view page = as_text(fuzz::input_bytes(data, size));
    for (const IndexFile& file : parse_simple_html(page, "https://index.example/simple/toy/")) {
      fuzz::require(!file.filename.empty() &&
                    file.filename.find('/') == std::string::npos);  // names a file, never a path
      fuzz::require(file.url.starts_with("http"));                  // a remote page must not point at local files
    }
  });
}
