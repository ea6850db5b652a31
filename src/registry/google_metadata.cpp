#include "google_metadata.hpp"

#include "credential_places.hpp"
#include "google_exchange.hpp"
#include "small_exchange.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr const char* kAddress = "169.254.169.254";  // of the server on every such machine; no name is looked up
constexpr const char* kFlavor = "Metadata-Flavor";   // proves that nothing but the metadata server was meant
constexpr const char* kEmailPath = "/computeMetadata/v1/instance/service-accounts/default/email";
constexpr const char* kTokenPath = "/computeMetadata/v1/instance/service-accounts/default/token";

class MetadataServer final : public GoogleTokenSource {
 public:
  MetadataServer(std::string host, const GoogleContext& context) : host_(std::move(host)), context_(context) {}

  GoogleToken fetch() override {
    return ask_for_token(context_,
                         {.url = fmt::format("http://{}{}", host_, kTokenPath), .headers = {{kFlavor, "Google"}}});
  }
  std::string describe() const override { return fmt::format("metadata server `{}`", printable(host_)); }

 private:
  const std::string host_;
  const GoogleContext context_;
};

/// What a short question to an address finds out. Elsewhere it leads nowhere, to another cloud's server, or to a proxy;
/// then nothing says that it is Google's.
enum class Found { Nobody, NoAccount, Account };

Found ask_for_account(const std::string& host, const GoogleContext& context) {
  HttpTuning impatient;
  impatient.tries = 1;
  impatient.connect_timeout = std::chrono::seconds(1);
  impatient.stall_time = std::chrono::seconds(2);
  const std::unique_ptr<HttpClient> http = make_http_client(context.cancellation, impatient);
  HttpRequest request;
  request.url = fmt::format("http://{}{}", host, kEmailPath);
  request.headers[kFlavor] = "Google";
  request.use_netrc = false;
  request.follow_redirects = false;
  request.once = true;
  const SmallAnswer answer = fetch_small(*http, request, 64U << 10U);
  if (answer.response.failure || answer.header("metadata-flavor") != "Google") return Found::Nobody;
  return answer.status() == 404 ? Found::NoAccount : Found::Account;
}

}  // namespace

std::unique_ptr<GoogleTokenSource> find_metadata_server(const GoogleContext& context, std::vector<std::string>& tried) {
  const EnvironmentMap& environment = context.options.environment;
  for (const char* name : {"GCE_METADATA_HOST", "GCE_METADATA_ROOT"}) {
    const auto host = variable(environment, name);
    if (!host) continue;
    tried.push_back(fmt::format("metadata server `{}` of environment variable `{}`: used", printable(*host), name));
    return std::make_unique<MetadataServer>(*host, context);
  }
  if (to_lower(variable(environment, "NO_GCE_CHECK").value_or("")) == "true") {
    tried.emplace_back("metadata server: not asked, as `NO_GCE_CHECK` says");
    return nullptr;
  }
  const std::string address = variable(environment, "GCE_METADATA_IP").value_or(kAddress);
  const Found found = ask_for_account(address, context);
  const char* words = found == Found::Account     ? "used"
                      : found == Found::NoAccount ? "knows no service account of this machine"
                                                  : "does not answer";
  tried.push_back(fmt::format("metadata server `{}`: {}", printable(address), words));
  if (found != Found::Account) return nullptr;
  return std::make_unique<MetadataServer>(address, context);
}

}  // namespace mlbuild
