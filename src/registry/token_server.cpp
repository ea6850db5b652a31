#include "token_server.hpp"

#include "login_encoding.hpp"
#include "refusal.hpp"
#include "small_exchange.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::uint64_t kAnswerLimitBytes = 256U << 10U;  // tokens with many claims reach some tens of kilobytes
constexpr const char* kClient = "mlbuild";
constexpr std::int64_t kDefaultLifetimeSeconds = 60;
constexpr std::int64_t kMaxLifetimeSeconds = 24LL * 3600;

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string form(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields)
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, form_encode(value));
  return text;
}

HttpRequest request_to(const TokenRealm& realm) {
  HttpRequest request;
  request.url = realm.url.to_string();
  request.use_netrc = false;
  request.follow_redirects = false;  // the checked address is the one that is asked
  return request;
}

SmallAnswer get_token(HttpClient& http, const TokenRealm& realm, const TokenScope& scope,
                      const std::string& authorization) {
  Fields fields;
  if (!realm.service.empty()) fields.emplace_back("service", realm.service);
  for (const std::string& entry : scope.entries()) fields.emplace_back("scope", entry);
  fields.emplace_back("client_id", kClient);
  HttpRequest request = request_to(realm);
  Url url = realm.url;
  url.query += (url.query.empty() ? "" : "&") + form(fields);
  request.url = url.to_string();
  if (!authorization.empty()) request.headers["Authorization"] = authorization;
  return fetch_small(http, request, kAnswerLimitBytes);
}

SmallAnswer post_identity_token(HttpClient& http, const TokenRealm& realm, const TokenScope& scope,
                                const std::string& identity_token) {
  HttpRequest request = request_to(realm);
  request.method = "POST";
  request.headers["Content-Type"] = "application/x-www-form-urlencoded";
  request.body = text_body(form({{"grant_type", "refresh_token"},
                                 {"service", realm.service},
                                 {"client_id", kClient},
                                 {"scope", scope.to_string()},
                                 {"refresh_token", identity_token}}));
  return fetch_small(http, request, kAnswerLimitBytes);
}

SmallAnswer ask(HttpClient& http, const TokenRealm& realm, const TokenScope& scope,
                const std::optional<RegistryCredential>& credential) {
  if (!credential) return get_token(http, realm, scope, "");
  if (credential->identity_token.empty()) {
    return get_token(http, realm, scope, basic_authorization(credential->username, credential->password));
  }
  SmallAnswer answer = post_identity_token(http, realm, scope, credential->identity_token);
  if (answer.status() != 404 && answer.status() != 405) return answer;
  return get_token(http, realm, scope, basic_authorization("<token>", credential->identity_token));
}

}  // namespace

BearerToken parse_token_answer(std::string_view text) {
  const json answer = json::parse(text, nullptr, false);
  if (!answer.is_object()) throw Error(ErrorKind::Foreign, "its answer is no JSON object");
  BearerToken token;
  for (const char* name : {"access_token", "token"}) {
    const auto found = answer.find(name);
    if (found != answer.end() && found->is_string() && !found->get_ref<const std::string&>().empty()) {
      token.value = found->get<std::string>();
    }
  }
  if (token.value.empty()) throw Error(ErrorKind::Foreign, "its answer holds neither `token` nor `access_token`");
  // It becomes part of a header.
  if (std::ranges::any_of(token.value, [](char c) { return c <= 0x20 || c >= 0x7F; })) {
    throw Error(ErrorKind::Foreign, "its token holds what no header may hold");
  }
  std::int64_t seconds = kDefaultLifetimeSeconds;
  if (const auto expires = answer.find("expires_in"); expires != answer.end() && expires->is_number()) {
    seconds = static_cast<std::int64_t>(std::clamp(expires->get<double>(), 0.0, double{kMaxLifetimeSeconds}));
  }
  token.lifetime = std::chrono::seconds(seconds > 0 ? seconds : kDefaultLifetimeSeconds);
  return token;
}

BearerToken fetch_token(HttpClient& http, const TokenRealm& realm, const TokenScope& scope,
                        const std::optional<RegistryCredential>& credential, const std::string& registry,
                        const CredentialSource& credentials) {
  return with_context([&] { return fmt::format("asking `{}` for a token", realm.url.host_port()); },
                      [&] {
                        const SmallAnswer answer = ask(http, realm, scope, credential);
                        if (answer.status() == 200) return parse_token_answer(answer.body);
                        throw describe_refusal({registry, "", "hand out a token for `" + scope.to_string() + "`"},
                                               answer.response, credentials);
                      });
}

}  // namespace mlbuild
