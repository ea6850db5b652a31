#include "../../src/publish/daemon_answer.hpp"
#include "fuzz/fuzz_support.hpp"

#include "mlbuild/base/text.hpp"

using namespace mlbuild;

/// What docker or podman says to a load.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  const LoadAnswer answer = parse_load_answer(text);
  fuzz::require(answer.is_understood || answer.error.empty());
  HttpResponse response;
  response.status = 500;
  response.headers["x-mlbuild-error-body"] = std::string(text);
  for (const std::string& words : {answer.error, daemon_refusal(response)})
    fuzz::require(printable(words) == words && words.size() <= 2000);
  return 0;
}
