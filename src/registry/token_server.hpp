#pragma once

#include "token_scope.hpp"

#include "mlbuild/net/http.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/registry/credentials.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

/// A Bearer token and how long its server says that it is good.
struct BearerToken {
  std::string value;
  std::chrono::seconds lifetime{60};
};

/// Where a registry's challenge sends us for tokens.
struct TokenRealm {
  Url url;
  std::string service;  ///< "" when the challenge named none
};

/// Reads {"token" | "access_token": ..., "expires_in": ...}; 60 s when nothing is said (distribution docs, "Token
/// Authentication Specification"). Foreign text: throws Error{Foreign}.
BearerToken parse_token_answer(std::string_view json);

/// Asks for a token: GET with Basic, or anonymously; an identity token goes by POST (docs, "OAuth2 Token
/// Authentication"), and where that is unknown (404, 405) by GET as well. Throws Error{Network} when refused, with what
/// `registry` should be logged in to.
BearerToken fetch_token(HttpClient& http, const TokenRealm& realm, const TokenScope& scope,
                        const std::optional<RegistryCredential>& credential, const std::string& registry,
                        const CredentialSource& credentials);

}  // namespace mlbuild
