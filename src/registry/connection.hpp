#pragma once

#include "authorizer.hpp"
#include "quirks.hpp"
#include "refusal.hpp"

#include "mlbuild/net/http.hpp"
#include "mlbuild/registry/client.hpp"

#include <functional>
#include <mutex>
#include <semaphore>
#include <string>

namespace mlbuild {

using StartAnswer = std::function<Sink&(const HttpResponse&)>;

/// Requests to one registry: its base URL, the right to ask, the limit of parallel requests. Thread-safe.
class RegistryConnection {
 public:
  static constexpr std::uint64_t kLongTransferBytes = std::uint64_t{64} << 20U;

  RegistryConnection(std::string registry, HttpClient& http, CredentialSource& credentials,
                     const Cancellation& cancellation, const RegistryOptions& options);

  const std::string& registry() const { return registry_; }
  const RegistryQuirks& quirks() const { return quirks_; }
  const RegistryOptions& options() const { return options_; }
  const Cancellation& cancellation() const { return cancellation_; }

  /// URL of "blobs/sha256:..." in a repository.
  std::string url(const std::string& repository, const std::string& rest);
  /// What a Location header means in an answer of this registry. Throws Error{Network} where it must not lead to.
  Url location(const HttpResponse& response);

  /// Sends; a 401 is answered with a (new) token once. Only the registry's own origin sees credentials. 307 and 308 to
  /// a request that is no GET or HEAD are followed with the same body.
  HttpResponse send(HttpRequest request, const Permission& permission, const StartAnswer& start);
  /// The same without a second try after a 401, for bodies that need more than a replay; `renewed` tells whether
  /// beginning again makes sense.
  HttpResponse send_once(HttpRequest request, const Permission& permission, bool& renewed);
  Error refusal(const std::string& repository, const std::string& doing, const HttpResponse& response) const;

  static Permission may_pull(const std::string& repository) { return {repository, TokenScope::pull(repository)}; }
  /// For a blob: a large one wants a token that lasts.
  static Permission may_transfer(Permission permission, std::uint64_t size_bytes) {
    permission.takes_long = size_bytes >= kLongTransferBytes;
    return permission;
  }
  static Permission may_push(const std::string& repository) { return {repository, TokenScope::push(repository)}; }

 private:
  const Url& base();
  Url find_base();
  bool speaks_http();
  HttpResponse exchange(const HttpRequest& request, const StartAnswer& start);
  HttpResponse follow(HttpRequest request, const std::string& authorization, const StartAnswer& start);

  const std::string registry_;
  const RegistryQuirks& quirks_;
  HttpClient& http_;
  CredentialSource& credentials_;
  const Cancellation& cancellation_;
  const RegistryOptions options_;
  Authorizer authorizer_;
  std::counting_semaphore<> slots_;
  std::once_flag base_found_;
  Url base_;
};

/// For answers whose body is of no interest.
StartAnswer drop_answer();

}  // namespace mlbuild
