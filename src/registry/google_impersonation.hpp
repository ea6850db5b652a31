#pragma once

#include "google_token.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// Whom to become.
struct Impersonation {
  std::string url;                     ///< ".../serviceAccounts/EMAIL:generateAccessToken", checked
  std::vector<std::string> delegates;  ///< accounts on the way
  std::chrono::seconds lifetime{3600};
};

/// IAM Service Account Credentials API, generateAccessToken, with a token of `source`.
std::unique_ptr<GoogleTokenSource> impersonate(std::unique_ptr<GoogleTokenSource> source, Impersonation target,
                                               const GoogleContext& context);

/// The account of an impersonation URL; "" when it is no such URL.
std::string impersonated_email(const std::string& url);

}  // namespace mlbuild
