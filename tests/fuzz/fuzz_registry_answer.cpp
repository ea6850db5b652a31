#include "../../src/registry/challenge.hpp"
#include "../../src/registry/refusal.hpp"
#include "../../src/registry/token_scope.hpp"
#include "../../src/registry/token_server.hpp"
#include "fuzz/fuzz_support.hpp"

#include "mlbuild/base/text.hpp"

using namespace mlbuild;

/// What a registry says besides blobs and manifests: challenges, tokens, error documents.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  for (const Challenge& challenge : parse_challenges(text)) {
    fuzz::require(!challenge.scheme.empty());
    for (const auto& [name, value] : challenge.parameters) {
      const TokenScope scope(value);
      fuzz::require(TokenScope(scope.to_string()).to_string() == scope.to_string());
    }
  }
  HttpResponse response;
  response.status = 400;
  response.headers["x-mlbuild-error-body"] = std::string(text);
  const std::string words = said(response);
  fuzz::require(printable(words) == words && words.size() < 32768);
  return fuzz::expect_value_or_error([&] {
    const BearerToken token = parse_token_answer(text);
    fuzz::require(!token.value.empty() && token.lifetime.count() > 0);
  });
}
