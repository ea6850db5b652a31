#include "fuzz/fuzz_support.hpp"

#include "mlbuild/debian/closure.hpp"
#include "mlbuild/debian/packages_index.hpp"
#include "mlbuild/debian/version.hpp"

using namespace mlbuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::expect_value_or_error([&] {
    SpanSource source(fuzz::input_bytes(data, size));
    debian::PackagesIndex index;
    index.add(source, "suite");
    for (const std::string& name : index.names()) {
      const debian::Package* package = index.find(name);
      fuzz::require(package != nullptr && debian::compare_versions(package->version, package->version) == 0);
      fuzz::require(("/" + package->filename + "/").find("/../") == std::string::npos);
      fuzz::expect_value_or_error([&] {
        debian::ClosureRequest request;
        request.wanted = {name};
        fuzz::require(!debian::resolve_closure(index, request).empty());
      });
    }
  });
}
