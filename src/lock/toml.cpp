#include "toml.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/toml_keys.hpp"

#include <fmt/format.h>

namespace mlbuild {

toml::table parse_toml(std::string_view text, const std::string& what) {
  if (toml_key_parts(text) > kMaxTomlKeyParts)
    throw Error(ErrorKind::Foreign, fmt::format("{} has a key of more than {} parts", what, kMaxTomlKeyParts));
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorKind::Foreign,
                fmt::format("{} is no TOML near line {}: {}", what, error.source().begin.line, error.description()));
  }
}

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\u{:04X}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace mlbuild
