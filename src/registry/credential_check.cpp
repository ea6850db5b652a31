#include "connection.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/registry/login.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

/// Knows one credential and remembers whether anybody wanted it.
class GivenCredential final : public CredentialSource {
 public:
  explicit GivenCredential(RegistryCredential credential) : credential_(std::move(credential)) {}
  std::optional<RegistryCredential> find(const std::string&, const std::string&) override {
    asked_ = true;
    return credential_;
  }
  std::vector<std::string> tried(const std::string&) const override { return {}; }
  bool asked() const { return asked_; }

 private:
  const RegistryCredential credential_;
  bool asked_ = false;
};

}  // namespace

// GET /v2/ is what distribution-spec v1.1 has for this ("Determining Support", end-1): answered by 200 to those who may
// come in. A token for no repository in particular is enough.
LoginCheck check_login(const LoginTarget& target, const RegistryCredential& credential, HttpClient& http,
                       const Cancellation& cancellation, const RegistryOptions& options) {
  GivenCredential source(credential);
  RegistryConnection connection(target.registry, http, source, cancellation, options);
  HttpRequest request;
  request.url = Url::parse(connection.url("any/name", "tags/list")).resolve("/v2/").to_string();
  const HttpResponse response = connection.send(request, Permission{target.name_space, TokenScope()}, drop_answer());
  if (response.status == 200) return source.asked() ? LoginCheck::Accepted : LoginCheck::NotAsked;
  if (response.status != 401 && response.status != 403) {
    throw connection.refusal(target.name_space, "say whether it is a registry", response);
  }
  throw Error(ErrorKind::Network,
              fmt::format("registry `{}` refuses the user or the password ({})", target.registry, response.status))
      .hint("nothing was kept; check both, and whether the registry wants an access token in place of the password");
}

}  // namespace mlbuild
