#pragma once

#include "credential_record.hpp"
#include "google_token.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

using FormFields = std::vector<std::pair<std::string, std::string>>;

/// A question to one of Google's endpoints.
struct GoogleRequest {
  std::string url;
  std::map<std::string, std::string> headers = {};
  std::string content_type = {};          ///< "" for GET
  std::string body = {};                  ///< sent when there is a content type
  std::vector<std::string> secrets = {};  ///< blotted out of what the server says, should it repeat them
};

GoogleRequest form_request(const std::string& url, const FormFields& fields);  ///< values are taken for secrets
GoogleRequest json_request(const std::string& url, const nlohmann::json& body);

/// The text of a 200 answer. Error{Network} with what the server said, without secrets.
std::string ask_google(const GoogleContext& context, const GoogleRequest& request);
/// RFC 6749, 5.1: {"access_token", "expires_in"}; also in the spelling of generateAccessToken.
GoogleToken ask_for_token(const GoogleContext& context, const GoogleRequest& request);

/// https, or http on loopback: tokens are as good as passwords. Error{Step} that begins with `what`.
std::string checked_endpoint(const std::string& url, const std::string& what);

}  // namespace mlbuild
