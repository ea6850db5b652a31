#include "mlbuild/base/toml_keys.hpp"

#include <algorithm>
#include <string>

namespace mlbuild {
namespace {

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

}  // namespace

std::size_t toml_key_parts(std::string_view text) {
  std::size_t parts = 1, longest = 1;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = behind_string(text, i);
      continue;
    }
    if (c == '#') i = std::min(text.find('\n', i), text.size() - 1);
    if (text[i] == '\n' || c == '=' || c == ',' || c == '[' || c == '{') parts = 1;
    if (c == '.') longest = std::max(longest, ++parts);
    ++i;
  }
  return longest;
}

}  // namespace mlbuild
