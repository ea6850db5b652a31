#include "../../src/registry/docker_config.hpp"
#include "../../src/registry/google_account.hpp"
#include "../../src/registry/google_exchange.hpp"
#include "fuzz/fuzz_support.hpp"

#include "mlbuild/registry/login.hpp"

using namespace mlbuild;

namespace {

/// The answer that every question gets.
class OneAnswer final : public HttpClient {
 public:
  explicit OneAnswer(std::string_view text) : text_(text) {}
  HttpResponse fetch(const HttpRequest&, const std::function<Sink&(const HttpResponse&)>& start_body) override {
    HttpResponse response;
    response.status = text_.size() % 2 == 0 ? 200 : 400;
    response.headers["x-mlbuild-error-body"] = std::string(text_);
    if (response.status == 200) start_body(response).write(as_bytes(text_));
    return response;
  }

 private:
  std::string_view text_;
};

void check_config(std::string_view text) {
  const DockerConfig config(CredentialRecord::parse(text, "the file"));
  config.helper("reg.example");
  const auto found = config.entry("reg.example", "team/app");
  if (!found) return;
  const int forms =
      int{!found->username.empty()} + int{!found->identity_token.empty()} + int{!found->registry_token.empty()};
  fuzz::require(forms == 1);
}

}  // namespace

/// Files with credentials and the answers of token endpoints.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(fuzz::input_bytes(data, size));
  fuzz::expect_value_or_error([&] { check_config(text); });
  fuzz::expect_value_or_error([&] {
    const std::string name = LoginTarget::parse(std::string(text)).to_string();
    fuzz::require(LoginTarget::parse(name).to_string() == name);
  });
  const CredentialOptions options;
  const Cancellation cancellation;
  OneAnswer http(text);
  const GoogleContext context{options, http, cancellation};
  fuzz::expect_value_or_error([&] {
    fuzz::require(!read_google_account(CredentialRecord::parse(text, "the file"), context)->describe().empty());
  });
  return fuzz::expect_value_or_error([&] {
    const GoogleToken token = ask_for_token(context, form_request("https://tokens.example/", {{"secret", "canary"}}));
    fuzz::require(token.lifetime.count() >= 0);
  });
}
