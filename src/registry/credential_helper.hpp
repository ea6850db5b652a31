#pragma once

#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace mlbuild {

/// Programs `docker-credential-NAME` (protocol of docker-credential-helpers): the server on stdin, JSON on stdout.
/// Answers are kept for a while, as some helpers take a second, but not for good, as others answer tokens that expire.
/// Not thread-safe. What is given by reference must outlive it.
class CredentialHelpers {
 public:
  CredentialHelpers(const CredentialOptions& options, const Cancellation& cancellation)
      : options_(options), cancellation_(cancellation) {}

  /// Nothing when the helper knows nothing of `server`. `where` names the file that asked for the helper. Error{Step}
  /// when there is no such program, it fails, takes too long or answers something else.
  std::optional<RegistryCredential> get(const std::string& name, const std::string& server, const std::string& where);

 private:
  struct Kept {
    std::optional<RegistryCredential> credential;
    std::chrono::system_clock::time_point asked_at;
  };

  const CredentialOptions& options_;
  const Cancellation& cancellation_;
  std::map<std::string, Kept> kept_;  ///< by name and server
};

/// The environment that programs are started with: all but what holds mlbuild's own secrets.
std::map<std::string, std::string> environment_for_programs(const std::map<std::string, std::string>& environment);

}  // namespace mlbuild
