#pragma once

#include "challenge.hpp"
#include "token_scope.hpp"
#include "token_server.hpp"

#include "mlbuild/net/http.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/registry/credentials.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace mlbuild {

/// What a request is about, as far as the right to make it is concerned.
struct Permission {
  std::string repository;   ///< whose credentials count
  TokenScope scope;         ///< what is needed, for Bearer
  bool takes_long = false;  ///< a token that would expire on the way is renewed first
};

/// Knows how one registry wants to be spoken to, from its first refusal on, and keeps its tokens. Thread-safe; one
/// thread asks the token server, the others wait for its answer.
class Authorizer {
 public:
  Authorizer(std::string registry, HttpClient& http, CredentialSource& credentials)
      : registry_(std::move(registry)), http_(http), credentials_(credentials) {}

  /// Value of the Authorization header; "" while nothing is known to be needed.
  std::string header(const Permission& permission);
  /// Takes in a 401 that came in answer to a request with the header `rejected`. False when there is nothing else to
  /// show than what was refused. `url` is the registry's own.
  bool learn(const HttpResponse& refused, const Url& url, const Permission& permission, const std::string& rejected);

 private:
  enum class Scheme { Unknown, Basic, Bearer };
  using Clock = std::chrono::steady_clock;
  struct Kept {
    BearerToken token;
    Clock::time_point asked_at;
    TokenScope scope;
    bool is_good(bool takes_long) const;
  };

  std::string current_header(const Permission& permission);
  std::string bearer_header(const Permission& permission);
  const Kept& renew(const Permission& permission);
  void adopt(const Challenge& challenge, const Url& url, const Permission& permission);

  const std::string registry_;
  HttpClient& http_;
  CredentialSource& credentials_;
  std::mutex mutex_;
  Scheme scheme_ = Scheme::Unknown;
  std::optional<TokenRealm> realm_;
  std::map<std::string, TokenScope> asked_scopes_;  ///< by what is needed: that and what the registry asked for
  std::map<std::string, Kept> tokens_;              ///< by what is needed
};

}  // namespace mlbuild
