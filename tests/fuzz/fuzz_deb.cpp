#include "fuzz/fuzz_support.hpp"

#include "mlbuild/debian/deb_file.hpp"
#include "mlbuild/debian/scripts.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const ByteSpan bytes = fuzz::input_bytes(data, size);
    const MemoryFile file(Bytes(bytes.begin(), bytes.end()));
    const debian::DebFile deb(file);
    const debian::DebControl control = deb.read_control();
    for (const auto& [name, script] : control.scripts) debian::judge_script("toy", name, script);
    deb.read_data([](const TarEntry& entry, Source& content) {
      fuzz::require(why_unsafe_path(entry.path).empty());
      read_all(content, fuzz::kMaxPlainBytes);
    });
  });
}
