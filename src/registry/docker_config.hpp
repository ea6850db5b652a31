#pragma once

#include "credential_record.hpp"

#include "mlbuild/registry/credentials.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// Of what an entry speaks: a whole registry, or what is below a namespace of it (containers-auth.json(5)).
struct CredentialKey {
  std::string host;        ///< lower case, with the port if one was written; Docker Hub's many names are one
  std::string name_space;  ///< "team" or "team/app"; "" for all

  /// "host", "host:port/team/app", "https://host/v1/". What follows a key with a scheme is the address of an API.
  static CredentialKey parse(std::string_view key);
  bool covers(const CredentialKey& wanted) const;  ///< `wanted` is a registry with a whole repository
};

/// The name that credential helpers know a registry by: docker keeps Hub under the URL of its old index.
std::string helper_server(const std::string& registry);

/// docker's config.json and containers' auth.json, which have the same form: {"auths": {key: {"auth": base64}},
/// "credHelpers": {host: name}, "credsStore": name}.
class DockerConfig {
 public:
  explicit DockerConfig(CredentialRecord record) : record_(std::move(record)) {}

  /// The credential helper to ask for `registry`: the one of credHelpers, else credsStore.
  std::optional<std::string> helper(const std::string& registry) const;
  /// From auths, the longest namespace first. Empty entries are markers for a helper and are passed over. Error{Step}
  /// for a broken entry, but only of this registry: others are nobody's business here.
  std::optional<RegistryCredential> entry(const std::string& registry, const std::string& repository) const;

 private:
  CredentialRecord record_;
};

}  // namespace mlbuild
