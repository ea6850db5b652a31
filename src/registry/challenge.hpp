#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// One way in that a server offers (RFC 9110, 11.6.1).
struct Challenge {
  std::string scheme;                             ///< lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  ///< names in lower case
};

/// Reads the value of WWW-Authenticate, or several values joined by commas. What is malformed ends the list: a server
/// that offers nothing readable offers nothing.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace mlbuild
