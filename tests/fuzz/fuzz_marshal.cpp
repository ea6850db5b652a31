#include "fuzz/fuzz_support.hpp"

#include "mlbuild/python/pyc.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    for (const char* version : {"3.9", "3.11", "3.13"}) {
      const python::PycFormat format = *python::pyc_format(version);
      fuzz::expect_value_or_error([&] {
        const Bytes canonical = python::canonical_pyc(fuzz::input_bytes(data, size), format);
        fuzz::require(python::canonical_pyc(canonical, format) == canonical);
      });
    }
  });
}
