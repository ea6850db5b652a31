#include "authorizer.hpp"

#include "address_rules.hpp"
#include "login_encoding.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

/// Bearer before Basic: a server that offers both means to be asked for tokens.
const Challenge* choose(const std::vector<Challenge>& challenges) {
  for (const char* scheme : {"bearer", "basic"}) {
    for (const Challenge& challenge : challenges) {
      if (challenge.scheme == scheme && (challenge.scheme == "basic" || challenge.parameters.contains("realm"))) {
        return &challenge;
      }
    }
  }
  return nullptr;
}

std::string parameter(const Challenge& challenge, const char* name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? std::string() : found->second;
}

}  // namespace

bool Authorizer::Kept::is_good(bool takes_long) const {
  const double used = std::chrono::duration<double>(Clock::now() - asked_at) / token.lifetime;
  return used < (takes_long ? 0.25 : 0.8);
}

std::string Authorizer::header(const Permission& permission) {
  const std::scoped_lock guard(mutex_);
  return current_header(permission);
}

std::string Authorizer::current_header(const Permission& permission) {
  if (scheme_ == Scheme::Unknown) return "";
  if (scheme_ == Scheme::Bearer) return bearer_header(permission);
  const std::optional<RegistryCredential> credential = credentials_.find(registry_, permission.repository);
  if (!credential || credential->username.empty()) return "";
  return basic_authorization(credential->username, credential->password);
}

std::string Authorizer::bearer_header(const Permission& permission) {
  const auto kept = tokens_.find(permission.scope.to_string());
  const bool is_good = kept != tokens_.end() && kept->second.is_good(permission.takes_long);
  return "Bearer " + (is_good ? kept->second : renew(permission)).token.value;
}

const Authorizer::Kept& Authorizer::renew(const Permission& permission) {
  const std::string key = permission.scope.to_string();
  TokenScope scope = permission.scope;
  if (const auto asked = asked_scopes_.find(key); asked != asked_scopes_.end()) scope.add(asked->second);
  const std::optional<RegistryCredential> credential = credentials_.find(registry_, permission.repository);
  const Clock::time_point now = Clock::now();
  BearerToken token;
  if (credential && !credential->registry_token.empty()) {
    token = {credential->registry_token, std::chrono::hours(24)};
  } else {
    token = fetch_token(http_, *realm_, scope, credential, registry_, credentials_);
  }
  return tokens_.insert_or_assign(key, Kept{std::move(token), now, scope}).first->second;
}

bool Authorizer::learn(const HttpResponse& refused, const Url& url, const Permission& permission,
                       const std::string& rejected) {
  const std::scoped_lock guard(mutex_);
  const std::vector<Challenge> challenges = parse_challenges(refused.header("www-authenticate"));
  const Challenge* challenge = choose(challenges);
  if (challenge == nullptr) return false;
  // Another thread may have learned it meanwhile.
  if (scheme_ != Scheme::Unknown && current_header(permission) != rejected) return true;
  adopt(*challenge, url, permission);
  if (scheme_ == Scheme::Bearer) renew(permission);
  return current_header(permission) != rejected;
}

void Authorizer::adopt(const Challenge& challenge, const Url& url, const Permission& permission) {
  if (challenge.scheme == "basic") {
    scheme_ = Scheme::Basic;
    return;
  }
  const Url realm = with_context([&] { return fmt::format("reading the challenge of `{}`", url.host_port()); },
                                 [&] { return Url::parse(parameter(challenge, "realm")); });
  check_named_server(realm, url, "the token server");
  scheme_ = Scheme::Bearer;
  realm_ = TokenRealm{realm, parameter(challenge, "service")};
  realm_->url.user_info.clear();
  asked_scopes_[permission.scope.to_string()].add(parameter(challenge, "scope"));
}

}  // namespace mlbuild
