#include "login_encoding.hpp"

#include "mlbuild/base/base64.hpp"
#include "mlbuild/net/url.hpp"

namespace mlbuild {

std::string form_encode(std::string_view text) {
  std::string encoded;
  for (const char c : percent_encode_path(text)) {
    if (c == '/') {
      encoded += "%2F";
    } else if (c == '+') {
      encoded += "%2B";
    } else {
      encoded.push_back(c);
    }
  }
  return encoded;
}

std::string basic_authorization(const std::string& username, const std::string& password) {
  return "Basic " + base64(username + ":" + password);
}

}  // namespace mlbuild
