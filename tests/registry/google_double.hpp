#pragma once

#include "support/http_server.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

struct evp_pkey_st;

namespace mlbuild::test {

/// Google's token endpoints and metadata server on loopback, as strict as the texts that describe them: signature, iss,
/// aud, scope and times of an assertion, client and refresh token, subject token and audience, and a token that this
/// double has given before it hands out one of another account. google_auth_test.py runs Google's own client against
/// it, so that the double is judged before it judges mlbuild. When it refuses, it repeats what it was sent.
class GoogleDouble {
 public:
  explicit GoogleDouble(std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now);
  ~GoogleDouble();

  static constexpr const char* kEmail = "robot@project.iam.gserviceaccount.com";
  static constexpr const char* kTarget = "target@project.iam.gserviceaccount.com";
  static constexpr const char* kClientId = "client.apps";
  static constexpr const char* kClientSecret = "client-s3cr3t-canary";
  static constexpr const char* kRefreshToken = "1//refresh+s3cr3t-canary";
  static constexpr const char* kSubjectToken = "subject.s3cr3t-canary";
  static constexpr const char* kAudience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p";

  std::string private_key() const;  ///< PEM, of kEmail
  static std::string other_key();   ///< a key that the double does not know
  std::string url(const std::string& path) const { return server_.url(path); }
  std::string impersonation_url() const;
  std::string host() const;  ///< "127.0.0.1:PORT"

  // Credentials files as JSON.
  std::string service_account() const { return service_account(private_key()); }
  std::string service_account(const std::string& key) const;
  std::string authorized_user(const std::string& refresh_token = kRefreshToken) const;
  std::string external_account(const std::string& credential_source, bool impersonates = false) const;
  std::string impersonated(const std::string& source) const;

  std::vector<std::string> given() const;  ///< what each token was given for, in order: "jwt", "refresh", "sts", ...
  const HttpServer& server() const { return server_; }

 private:
  CannedAnswer answer(const SeenRequest& request);
  CannedAnswer token_endpoint(const SeenRequest& request);
  CannedAnswer security_token_service(const SeenRequest& request);
  CannedAnswer generate_access_token(const SeenRequest& request);
  CannedAnswer metadata(const SeenRequest& request);
  std::string why_not(const std::string& assertion) const;  ///< "" when the assertion is good
  std::string make_token(const std::string& kind);
  CannedAnswer give(const std::string& kind);

  const std::function<std::chrono::system_clock::time_point()> now_;
  evp_pkey_st* key_;
  mutable std::mutex mutex_;
  std::vector<std::string> given_;
  std::set<std::string> tokens_;
  HttpServer server_;
};

}  // namespace mlbuild::test
