// Patterns become tokens, and matching keeps the set of token positions that fit the path so far (a Thompson
// automaton): time is bounded by pattern length times path length, while a backtracking matcher needs ages for
// `*a*a*a*a*b`.

#include "ignore_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/spec/spec_edits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlbuild::spec {
namespace {

constexpr std::size_t kPatternLimit = 4096;  // bytes of one pattern, and patterns of one file

/// Go's filepath.Clean: no empty and no `.` parts, `..` taken back where possible; then no leading slash.
std::string clean_pattern(std::string_view text) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (part != ".." || !text.starts_with('/'))
      parts.emplace_back(part);
  }
  return join(parts, "/");
}

}  // namespace

bool IgnoreFile::Token::accepts(char c) const {
  switch (kind) {
    case Kind::Literal:
      return c == literal;
    case Kind::AnyCharacter:
    case Kind::Star:
      return c != '/';
    case Kind::Directories:
    case Kind::Everything:
      return true;
    case Kind::Class:
      break;
  }
  const auto inside = [c](const auto& range) { return range.first <= c && c <= range.second; };
  return c != '/' && std::ranges::any_of(ranges, inside) != negated;
}

/// Go's filepath.Match grammar, plus `**`.
class IgnoreFile::PatternParser {
 public:
  PatternParser(std::string_view text, const Location& at) : text_(text), at_(at) {}

  std::vector<Token> parse() {
    std::vector<Token> tokens;
    while (position_ < text_.size()) tokens.push_back(next());
    return tokens;
  }

 private:
  Token next() {
    Token token;
    const char c = text_[position_++];
    if (c == '?')
      token.kind = Token::Kind::AnyCharacter;
    else if (c == '*')
      token.kind = star();
    else if (c == '[')
      token = character_class();
    else
      token.literal = c == '\\' ? escaped() : c;
    return token;
  }

  /// `**/` is any number of directories, none included; `**` at the end is everything below.
  Token::Kind star() {
    if (!text_.substr(position_).starts_with('*')) return Token::Kind::Star;
    const bool at_start = position_ == 1;
    while (text_.substr(position_).starts_with('*')) ++position_;
    const bool slash = text_.substr(position_).starts_with('/');
    if (slash) ++position_;
    if (position_ == text_.size()) return Token::Kind::Everything;
    const bool only_suffix = at_start && text_.substr(position_).find_first_of("*?[\\") == std::string_view::npos;
    return only_suffix && !slash ? Token::Kind::Everything : Token::Kind::Directories;
  }

  Token character_class() {
    Token token;
    token.kind = Token::Kind::Class;
    if (peek() == '^') {
      token.negated = true;
      ++position_;
    }
    do {
      const char low = class_character();
      char high = low;
      if (peek() == '-') {
        ++position_;
        high = class_character();
      }
      token.ranges.emplace_back(low, high);
    } while (peek() != ']');
    ++position_;
    return token;
  }

  char class_character() {
    const char c = peek();
    if (c == '-' || c == ']') refuse();
    ++position_;
    return c == '\\' ? escaped() : c;
  }

  char escaped() {
    const char c = peek();
    ++position_;
    return c;
  }

  char peek() const {
    if (position_ >= text_.size()) refuse();
    return text_[position_];
  }

  [[noreturn]] void refuse() const {
    throw Error(ErrorKind::Spec, fmt::format("the pattern `{}` is malformed", printable(text_)))
        .at(at_)
        .hint("close `[`, and write `\\` before a character that is meant as itself");
  }

  std::string_view text_;
  const Location& at_;
  std::size_t position_ = 0;
};

bool IgnoreFile::Pattern::matches(std::string_view path) const {
  using Kind = Token::Kind;
  // fits[i]: the path so far fits the tokens before i. Tokens that may stand for nothing carry the mark on.
  std::vector<bool> fits(tokens.size() + 1), next(tokens.size() + 1), inside(tokens.size() + 1),
      inside_next(tokens.size() + 1);
  const auto carry_on = [&](std::vector<bool>& marks) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool may_be_empty =
          tokens[i].kind == Kind::Star || tokens[i].kind == Kind::Directories || tokens[i].kind == Kind::Everything;
      if (marks[i] && may_be_empty) marks[i + 1] = true;
    }
  };
  fits[0] = true;
  carry_on(fits);
  for (const char c : path) {
    std::fill(next.begin(), next.end(), false);
    std::fill(inside_next.begin(), inside_next.end(), false);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const Token& token = tokens[i];
      if (token.kind == Kind::Directories) {  // left only behind a slash
        if (!fits[i] && !inside[i]) continue;
        inside_next[i] = true;
        if (c == '/') next[i + 1] = true;
      } else if (fits[i] && token.accepts(c)) {
        next[token.kind == Kind::Star || token.kind == Kind::Everything ? i : i + 1] = true;
      }
    }
    carry_on(next);
    fits.swap(next);
    inside.swap(inside_next);
  }
  return fits[tokens.size()];
}

IgnoreFile IgnoreFile::parse(std::string_view text, const std::string& name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  IgnoreFile file;
  unsigned number = 0;
  for (const std::string_view line : split_lines(text)) {
    const Location at{name, ++number, 1, static_cast<unsigned>(line.size())};
    std::string_view written = trim(line);
    if (line.starts_with('#') || written.empty()) continue;
    if (written.size() > kPatternLimit || file.patterns_.size() >= kPatternLimit) {
      throw Error(ErrorKind::Spec,
                  fmt::format("`.dockerignore` is limited to {} patterns of {} bytes", kPatternLimit, kPatternLimit))
          .at(at)
          .hint("use `*` and `**`");
    }
    Pattern pattern;
    pattern.exception = written.front() == '!';
    if (pattern.exception) written = trim(written.substr(1));
    if (written.empty())
      throw Error(ErrorKind::Spec, "`!` alone takes nothing back")
          .at(at)
          .hint("write a pattern behind it, or remove the line");
    const std::string clean = clean_pattern(written);
    if (clean.empty()) continue;  // `.` and `/` name the directory itself, which is never excluded
    pattern.tokens = PatternParser(clean, at).parse();
    file.has_exceptions_ = file.has_exceptions_ || pattern.exception;
    file.patterns_.push_back(std::move(pattern));
  }
  return file;
}

bool IgnoreFile::excludes(std::string_view path) const {
  bool excluded = false;
  for (const Pattern& pattern : patterns_) {
    if (pattern.exception != excluded) continue;  // it could change nothing
    bool matches = pattern.matches(path);
    for (std::size_t slash = path.find('/'); !matches && slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      matches = pattern.matches(path.substr(0, slash));
    }
    if (matches) excluded = !excluded;
  }
  return excluded;
}

}  // namespace mlbuild::spec

namespace mlbuild {

std::string ignore_pattern(std::string_view path) {
  std::string pattern;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool at_end = i == 0 || i + 1 == path.size();
    const std::string_view special = i == 0 ? "*?[\\#!" : "*?[\\";
    if (path[i] == ' ' && at_end) {
      pattern += "[ ]";  // lines are trimmed
      continue;
    }
    if (special.find(path[i]) != std::string_view::npos) pattern += '\\';
    pattern += path[i];
  }
  return pattern;
}

}  // namespace mlbuild
