#pragma once

#include "google_token.hpp"

#include "mlbuild/net/http.hpp"
#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// Google's application default credentials (google.com "Application Default Credentials", AIP-4110) without gcloud:
/// GOOGLE_APPLICATION_CREDENTIALS, the file that gcloud leaves, the metadata server. Artifact Registry takes the access
/// token as password of the user `oauth2accesstoken`. Not thread-safe. References must outlive it.
class GoogleCredentials {
 public:
  GoogleCredentials(const CredentialOptions& options, HttpClient& http, const Cancellation& cancellation);

  /// A token is used again until 80 % of its life are over. Says in `tried` what was asked.
  std::optional<RegistryCredential> find(std::vector<std::string>& tried);

 private:
  /// Finds out once who we are; nothing when nobody.
  void look_for_source(std::vector<std::string>& tried);

  const CredentialOptions& options_;
  GoogleContext context_;
  bool looked_ = false;
  std::vector<std::string> looked_at_;
  std::unique_ptr<GoogleTokenSource> source_;
  std::optional<GoogleToken> token_;
  std::chrono::system_clock::time_point asked_at_;
};

}  // namespace mlbuild
