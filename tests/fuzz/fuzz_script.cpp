#include "fuzz/fuzz_support.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/debian/scripts.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    const std::string script = "#!/bin/sh\n" + std::string(as_text(fuzz::input_bytes(data, size)));
    const debian::ScriptVerdict verdict = debian::judge_script("toy", "postinst", script);
    fuzz::require(verdict.known || !verdict.unknown_part.empty());
    for (const debian::ScriptEffect& effect : verdict.effects) fuzz::require(why_unsafe_path(effect.path).empty());
    fuzz::require(debian::normalise_script(debian::normalise_script(script)) == debian::normalise_script(script));
  });
}
