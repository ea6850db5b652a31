#pragma once

#include "mlbuild/net/http.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// What a registry or its token server is shown. Exactly one of the three forms is filled. Never printed.
struct RegistryCredential {
  std::string username, password;  ///< Basic, to the registry or to its token server
  std::string identity_token;      ///< an OAuth2 refresh token for the token server
  std::string registry_token;      ///< a Bearer token for the registry itself
  std::string origin;  ///< where it was found, for messages: "docker config.json, credential helper `gcloud`"
};

/// Finds credentials. Thread-safe; answers are remembered for the life of the object, save those that expire.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  /// For a registry "host" or "host:port" and a repository ("team/app"); nothing: go on anonymously. Throws
  /// Error{Network} or Error{Step} when a configured source is broken: a broken source is never taken for an absent
  /// one.
  virtual std::optional<RegistryCredential> find(const std::string& registry, const std::string& repository) = 0;
  /// Each place that find() asked for `registry`, in order and without secrets, for the message after a refusal:
  /// "containers auth.json: no entry".
  virtual std::vector<std::string> tried(const std::string& registry) const = 0;
};

/// The surroundings that credentials are looked for in. Everything that the real world gives is a member, so that a
/// test can give another world.
struct CredentialOptions {
  /// All of it: names of files, settings, and what helper programs get to see (without mlbuild's own secrets).
  std::map<std::string, std::string> environment;
  /// Hosts whose registry takes Google's access tokens; "*." stands for any subdomains.
  std::vector<std::string> google_hosts = {"*.pkg.dev", "gcr.io", "*.gcr.io"};
  std::chrono::milliseconds helper_deadline{10000};
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

/// The look-up order of docs/credentials.md: environment, containers auth.json, docker config.json (with their
/// credential helpers), Google's own credentials for Google's hosts. What is given by reference must outlive the
/// source.
std::unique_ptr<CredentialSource> make_credential_source(CredentialOptions options, HttpClient& http,
                                                         const Cancellation& cancellation);

}  // namespace mlbuild
