#pragma once

#include <string>
#include <string_view>

namespace mlbuild {

/// application/x-www-form-urlencoded: everything but unreserved characters is escaped, also what may stay in a path.
std::string form_encode(std::string_view text);

/// Value of Authorization.
std::string basic_authorization(const std::string& username, const std::string& password);

}  // namespace mlbuild
