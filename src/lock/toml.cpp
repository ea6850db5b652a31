#include "toml.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::size_t kMaxKeyParts = 16;

/// The place behind the string that begins at `at` (TOML 1.0, "String"), or the end.
std::size_t behind_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string triple(3, quote);
  const std::string_view end = text.substr(at).starts_with(triple) ? std::string_view(triple) : text.substr(at, 1);
  for (std::size_t i = at + end.size(); i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text.substr(i).starts_with(end)) {
      i += end.size();
      if (end.size() == 3) i += std::min<std::size_t>(2, text.find_first_not_of(quote, i) - i);  // `"""a"""""`: a""
      return std::min(i, text.size());
    } else if (end.size() == 1 && text[i] == '\n') {
      return i;
    }
  }
  return text.size();
}

/// toml++ bounds how deep values are nested, but not the tables that a key like `a.a.a` makes, and frees them by
/// recursion: a hundred thousand end the stack.
void check_keys(std::string_view text, const std::string& what) {
  std::size_t dots = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = behind_string(text, i);
      continue;
    }
    if (c == '#') i = std::min(text.find('\n', i), text.size() - 1);
    if (text[i] == '\n' || c == '=' || c == ',' || c == '[' || c == '{') dots = 0;
    if (c == '.' && ++dots > kMaxKeyParts)
      throw Error(ErrorKind::Foreign, fmt::format("{} has a key of more than {} parts", what, kMaxKeyParts));
    ++i;
  }
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& what) {
  check_keys(text, what);
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
