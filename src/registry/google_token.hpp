#pragma once

#include "mlbuild/net/http.hpp"
#include "mlbuild/registry/credentials.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <chrono>
#include <string>

namespace mlbuild {

/// An OAuth2 access token of Google, and how long it is good from now on.
struct GoogleToken {
  std::string value;
  std::chrono::seconds lifetime{0};
};

/// The one scope that covers reading and writing images; what a token may do is decided by the roles of its account.
inline constexpr const char* kGoogleScope = "https://www.googleapis.com/auth/cloud-platform";

/// What all of Google's flows need. References must outlive the sources made with it.
struct GoogleContext {
  const CredentialOptions& options;
  HttpClient& http;
  const Cancellation& cancellation;
};

/// One way to get access tokens.
class GoogleTokenSource {
 public:
  virtual ~GoogleTokenSource() = default;
  /// A new token each time. Error{Network} when Google refuses, Error{Step} when what is configured is broken.
  virtual GoogleToken fetch() = 0;
  virtual std::string describe() const = 0;  ///< for messages: "service account `robot@project...`"
};

}  // namespace mlbuild
