#include "fuzz/fuzz_support.hpp"

#include "mlbuild/archive/tar.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    SpanSource source(fuzz::input_bytes(data, size));
    read_tar(source, [&](const TarEntry& entry, Source& content) {
      fuzz::require(why_unsafe_path(entry.path).empty());
      fuzz::require(read_all(content, size).size() == entry.size_bytes);
      fuzz::require(tar_header(entry).size() % 512 == 0);  // what can be read can be written
    });
  });
}
