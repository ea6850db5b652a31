#include "mlbuild/base/bytes.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/index/python_index.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto page = mlbuild::as_text(std::as_bytes(std::span(data, size)));
  try {
    for (const mlbuild::IndexFile& file : mlbuild::parse_simple_html(page, "https://index.example/simple/toy/")) {
      if (file.filename.empty() || file.filename.find('/') != std::string::npos)
        std::abort();                                   // would leave its folder
      if (file.url.starts_with("file:")) std::abort();  // a remote page points at local files
    }
  } catch (const mlbuild::Error& error) {
    if (error.kind() != mlbuild::ErrorKind::Foreign) std::abort();  // foreign bytes must never look like our own bug
  }
  return 0;
}
