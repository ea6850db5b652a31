#include "shell_words.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::debian {
namespace {

std::size_t skip_expansion(std::string_view script, std::size_t at, int depth);

std::size_t skip_single_quotes(std::string_view script, std::size_t at) {
  const auto end = script.find('\'', at + 1);
  if (end == std::string_view::npos) refuse_shell(script, at, "quote without end");
  return end + 1;
}

std::size_t skip_double_quotes(std::string_view script, std::size_t at, int depth) {
  if (depth > kShellDepthLimit) refuse_shell(script, at, "too deeply nested");
  for (++at; at < script.size();) {
    if (script[at] == '"') return at + 1;
    if (script[at] == '\\') {
      at += 2;
    } else if (script[at] == '$' || script[at] == '`') {
      at = skip_expansion(script, at, depth);
    } else {
      ++at;
    }
  }
  refuse_shell(script, at, "quote without end");
}

/// Up to the closing character, which may be inside quotes or nested expansions without ending it.
std::size_t skip_balanced(std::string_view script, std::size_t at, char open, char close, int depth) {
  int open_count = 0;
  while (at < script.size()) {
    const char c = script[at];
    if (c == '\\') {
      at += 2;
    } else if (c == '\'') {
      at = skip_single_quotes(script, at);
    } else if (c == '"') {
      at = skip_double_quotes(script, at, depth + 1);
    } else {
      if (c == open) ++open_count;
      if (c == close && --open_count == 0) return at + 1;
      ++at;
    }
  }
  refuse_shell(script, at, "expansion without end");
}

std::size_t skip_expansion(std::string_view script, std::size_t at, int depth) {
  const auto rest = script.substr(at);
  if (rest.starts_with("$((")) refuse_shell(script, at, "arithmetic");
  if (rest.starts_with("$(")) return skip_balanced(script, at + 1, '(', ')', depth);
  if (rest.starts_with("${")) return skip_balanced(script, at + 1, '{', '}', depth);
  if (rest.starts_with('`')) {
    for (std::size_t i = at + 1; i < script.size(); ++i) {
      if (script[i] == '\\') {
        ++i;
      } else if (script[i] == '`') {
        return i + 1;
      }
    }
    refuse_shell(script, at, "backquote without end");
  }
  return at + 1;
}

}  // namespace

void refuse_shell(std::string_view script, std::size_t at, std::string_view why) {
  at = std::min(at, script.size());
  const auto line = std::count(script.begin(), script.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
  throw Error(ErrorKind::Foreign, fmt::format("line {}: {}", line, why));
}

bool ends_shell_word(char c) { return std::string_view(" \t\n;&|()<>").find(c) != std::string_view::npos; }

std::size_t skip_shell_expansion(std::string_view script, std::size_t at) { return skip_expansion(script, at, 0); }

std::size_t skip_shell_word(std::string_view script, std::size_t at) {
  while (at < script.size() && !ends_shell_word(script[at])) {
    switch (script[at]) {
      case '\\':
        at = std::min(at + 2, script.size());
        break;
      case '\'':
        at = skip_single_quotes(script, at);
        break;
      case '"':
        at = skip_double_quotes(script, at, 0);
        break;
      case '$':
      case '`':
        at = skip_shell_expansion(script, at);
        break;
      default:
        ++at;
    }
  }
  return std::min(at, script.size());
}

}  // namespace mlbuild::debian
