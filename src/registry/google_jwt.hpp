#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace mlbuild {

/// A signed JWT in compact form (RFC 7519; RS256 of RFC 7518, 3.3). `private_key` is an RSA key in PEM form without a
/// passphrase; anything else is Error{Step}.
std::string signed_jwt(const nlohmann::json& claims, const std::string& key_id, std::string_view private_key);

}  // namespace mlbuild
