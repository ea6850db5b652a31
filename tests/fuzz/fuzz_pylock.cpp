#include "../../src/lock/pylock.hpp"
#include "fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mlbuild;
  return fuzz::expect_value_or_error([&] {
    const auto packages = parse_pylock(as_text(fuzz::input_bytes(data, size)));
    for (std::size_t i = 1; i < packages.size(); ++i) fuzz::require(packages[i - 1].name < packages[i].name);
    for (const PylockPackage& package : packages) {
      for (const PylockFile& wheel : package.wheels) fuzz::require(wheel.filename.find('/') == std::string::npos);
    }
  });
}
