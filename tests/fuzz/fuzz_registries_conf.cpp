#include "fuzz/fuzz_support.hpp"

#include "mlbuild/registry/registries_conf.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::expect_value_or_error([&] {
    RegistriesConf conf;
    conf.add(as_text(fuzz::input_bytes(data, size)), "registries.conf");
    const std::vector<PullSource> sources = conf.sources("r.example", "team/app", true);
    fuzz::require(!sources.empty() && !sources.back().is_mirror);
    for (const PullSource& source : sources) fuzz::require(!source.host.empty());
    conf.sources("a.example.com", "x", false);
  });
  return 0;
}
