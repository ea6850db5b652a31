#include "mlbuild/base/digest.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4U]);
    text.push_back(kDigits[std::to_integer<unsigned>(byte) & 15U]);
  }
  return text;
}

bool Digest::is_hex(std::string_view hex) {
  if (hex.size() != 64) return false;
  for (const char c : hex) {
    if (hex_value(c) < 0) return false;
  }
  return true;
}

Digest Digest::from_hex(std::string_view hex) {
  if (!is_hex(hex)) {
    throw Error(ErrorKind::Foreign, fmt::format("`{}` is not a sha256 digest", printable(hex.substr(0, 80))));
  }
  Digest digest;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    digest.bytes[i] = static_cast<std::byte>(hex_value(hex[2 * i]) * 16 + hex_value(hex[2 * i + 1]));
  }
  return digest;
}

}  // namespace mlbuild
