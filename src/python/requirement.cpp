#include "mlbuild/python/requirement.hpp"

#include "characters.hpp"
#include "specifier.hpp"

#include "mlbuild/base/text.hpp"
#include "mlbuild/python/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::python {
namespace {

constexpr std::size_t kRequirementLimit = 8192;

bool is_space(char c) { return c == ' ' || c == '\t'; }

Error mistake(const std::string& message, const std::string& way_out) {
  return Error(ErrorKind::Spec, message).hint(way_out);
}

/// pip's rule: the options of a requirement begin at the first word that starts with a dash.
std::size_t find_options(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (is_space(text[i]) && text[i + 1] == '-') return i;
  }
  return text.size();
}

bool looks_like_path_or_url(std::string_view text) {
  const std::string_view first = text.substr(0, text.find_first_of(" ;"));
  if (first.starts_with('.') || first.starts_with('/') || first.starts_with('~')) return true;
  if (first.find("://") != std::string_view::npos) return first.find('@') > first.find("://");
  return first.ends_with(".whl") || first.ends_with(".tar.gz") || first.ends_with(".zip");
}

void parse_hash(std::string_view value, std::string_view requirement, Requirement& result, bool& other_algorithm) {
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos)
    throw mistake(fmt::format("`--hash={}` of `{}` names no algorithm", printable(value), requirement),
                  "write `--hash=sha256:<64 hex digits>`");
  if (to_lower(value.substr(0, colon)) != "sha256") {
    other_algorithm = true;
    return;
  }
  const std::string hex = to_lower(value.substr(colon + 1));
  if (!Digest::is_hex(hex))
    throw mistake(fmt::format("`--hash={}` of `{}` is no SHA-256", printable(value), requirement),
                  "a SHA-256 has 64 hex digits");
  result.hashes.push_back(BlobDigest::parse(hex));
}

void parse_options(std::string_view options, Requirement& result) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < options.size();) {
    const std::size_t end = std::min(options.find_first_of(" \t", begin), options.size());
    if (end > begin) words.push_back(options.substr(begin, end - begin));
    begin = end + 1;
  }
  bool other_algorithm = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("--hash=")) {
      parse_hash(words[i].substr(7), result.text, result, other_algorithm);
    } else if (words[i] == "--hash" && i + 1 < words.size()) {
      parse_hash(words[++i], result.text, result, other_algorithm);
    } else {
      const std::string_view option = words[i].substr(0, words[i].find('='));
      throw mistake(fmt::format("option `{}` of `{}` is not honoured", printable(option), result.text),
                    "only `--hash=sha256:...` may follow a requirement");
    }
  }
  if (other_algorithm && result.hashes.empty())
    throw mistake(fmt::format("the hashes of `{}` are not SHA-256", result.text), "add a `--hash=sha256:...`");
}

/// "[a, b]" at the front of `rest`, which is moved behind it.
std::vector<std::string> take_extras(std::string_view& rest, std::string_view text) {
  std::vector<std::string> extras;
  if (!rest.starts_with('[')) return extras;
  const std::size_t close = rest.find(']');
  if (close == std::string_view::npos)
    throw mistake(fmt::format("`{}` has an unclosed `[`", text), "extras look like `name[extra1,extra2]`");
  const std::string_view inside = trim(rest.substr(1, close - 1));
  rest = trim(rest.substr(close + 1));
  if (inside.empty()) return extras;
  for (std::string_view extra : split(inside, ',')) {
    extra = trim(extra);
    if (!is_valid_name(extra))
      throw mistake(fmt::format("`{}` in `{}` is no extra's name", printable(extra), text),
                    "extras look like `name[extra1,extra2]`");
    extras.push_back(normalize_name(extra));
  }
  std::sort(extras.begin(), extras.end());
  extras.erase(std::unique(extras.begin(), extras.end()), extras.end());
  return extras;
}

/// Quotes and parentheses only; names and operators of a marker are the resolver's business.
void check_marker(std::string_view marker, std::string_view text) {
  int depth = 0;
  char quote = 0;
  for (const char c : marker) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (depth < 0) break;
    }
  }
  if (quote != 0 || depth != 0 || trim(marker).empty())
    throw mistake(fmt::format("the marker of `{}` is malformed", text),
                  "markers look like `; python_version < \"3.12\"`");
}

std::string canonical_specifier(std::string_view specifier, std::string_view name, std::string_view text) {
  std::string_view inner = trim(specifier);
  if (inner.starts_with('(') && inner.ends_with(')')) inner = trim(inner.substr(1, inner.size() - 2));
  if (inner.starts_with('=') && !inner.starts_with("=="))
    throw mistake(fmt::format("`{}` has a single `=`", text), fmt::format("write `{}={}`", name, inner));
  try {
    parse_specifier(inner);
  } catch (const Error& error) {
    throw mistake(fmt::format("requirement `{}`: {}", text, error.message()),
                  fmt::format("a pin looks like `{}==1.2.3`", name));
  }
  std::string canonical;
  for (const std::string_view clause : split(inner, ',')) {
    if (trim(clause).empty()) continue;
    if (!canonical.empty()) canonical += ',';
    std::copy_if(clause.begin(), clause.end(), std::back_inserter(canonical), [](char c) { return !is_space(c); });
  }
  return canonical;
}

void parse_named(std::string_view text, Requirement& result) {
  std::size_t end = 0;
  while (end < text.size() && (is_alphanumeric(text[end]) || text[end] == '-' || text[end] == '_' || text[end] == '.'))
    ++end;
  const std::string_view name = text.substr(0, end);
  if (!is_valid_name(name))
    throw mistake(fmt::format("`{}` does not begin with a project's name", printable(text)),
                  "a requirement looks like `numpy==1.26.4`");
  result.name = normalize_name(name);
  std::string_view rest = trim(text.substr(end));
  result.extras = take_extras(rest, text);
  if (rest.starts_with('@')) {
    rest = trim(rest.substr(1));
    const std::size_t marker = std::min(rest.find(" ;"), rest.size());  // PEP 508: a `;` inside the URL belongs to it
    result.url = trim(rest.substr(0, marker));
    if (result.url.empty())
      throw mistake(fmt::format("`{}` has no URL after `@`", text), "a pin looks like `numpy==1.26.4`");
    if (marker < rest.size()) result.marker = trim(rest.substr(marker + 2));
    return;
  }
  const std::size_t semicolon = rest.find(';');
  if (semicolon != std::string_view::npos) {
    result.marker = trim(rest.substr(semicolon + 1));
    check_marker(result.marker, text);
  }
  result.specifier = canonical_specifier(rest.substr(0, semicolon), name, text);
}

Requirement parse(std::string_view text, const Location& location) {
  if (text.size() > kRequirementLimit) throw mistake("a requirement of more than 8192 characters", "split it");
  if (!is_valid_utf8(text) || std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; }))
    throw mistake(fmt::format("`{}` holds bytes that are no text", printable(text)), "save the file as UTF-8");
  if (text.find("${") != std::string_view::npos)
    throw mistake(fmt::format("`{}` uses an environment variable", text),
                  "values are never expanded silently; write the value");
  if (text.starts_with('-'))  // with a URL behind it, it would pass for one
    throw mistake(fmt::format("`{}` does not begin with a project's name", printable(text)),
                  "options belong into a requirements file");
  Requirement result;
  result.location = location;
  const std::size_t options = find_options(text);
  result.text = trim(text.substr(0, options));
  if (looks_like_path_or_url(result.text)) {
    result.url = result.text.substr(0, result.text.find_first_of(" ;"));
  } else {
    parse_named(result.text, result);
  }
  parse_options(text.substr(options), result);
  return result;
}

}  // namespace

bool Requirement::is_pinned() const {
  if (specifier.empty()) return false;
  const std::vector<Clause> clauses = parse_specifier(specifier);
  if (clauses.size() != 1 || clauses[0].wildcard) return false;
  return clauses[0].op == Clause::Operator::Equal || clauses[0].op == Clause::Operator::Arbitrary;
}

std::optional<Requirement> parse_requirement(std::string_view text, const Location& location,
                                             Diagnostics& diagnostics) {
  try {
    return parse(trim(text), location);
  } catch (Error& error) {
    diagnostics.add(error.at(location));
    return std::nullopt;
  }
}

}  // namespace mlbuild::python
