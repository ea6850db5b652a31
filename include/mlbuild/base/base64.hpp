#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

std::string base64(std::string_view bytes);      ///< RFC 4648, 4, with padding
std::string base64_url(std::string_view bytes);  ///< RFC 4648, 5, without padding, as JWTs have it (RFC 7515, 2)
/// RFC 4648, 4, with or without padding, white space at the ends; nothing when it is something else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace mlbuild
