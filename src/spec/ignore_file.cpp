// Patterns become tokens, and matching keeps the token positions that fit the path so far (a Thompson automaton): time
// is bounded by pattern length times path length, while a backtracking matcher needs ages for `*a*a*a*a*b`. It ends
// where no position fits, which for most patterns is in the path's first characters. What matches a directory matches
// all below it, so the path's parents are looked at on the way. Patterns without wildcards, and such behind `**/`, are
// most of what people write, and are compared as text.

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

bool IgnoreFile::Token::may_be_empty() const {
  return kind == Kind::Star || kind == Kind::Directories || kind == Kind::Everything;
}

/// Positions in a pattern that fit the path so far, each once.
class IgnoreFile::Positions {
 public:
  /// `inside`: within the name of a directory that `**/` stands for; it is left only behind a slash.
  struct Position {
    std::size_t token = 0;
    bool inside = false;
  };

  explicit Positions(const std::vector<Token>& tokens) : tokens_(tokens), seen_(2 * tokens.size() + 2) {}

  void clear() {
    positions_.clear();
    ++round_;
  }
  /// With those behind tokens that may stand for nothing.
  void add(std::size_t token) {
    while (insert({token, false}) && token < tokens_.size() && tokens_[token].may_be_empty()) ++token;
  }
  void add_inside(std::size_t token) { insert({token, true}); }
  bool at_end() const { return seen_[2 * tokens_.size()] == round_; }
  const std::vector<Position>& all() const { return positions_; }

 private:
  bool insert(Position position) {
    std::size_t& seen = seen_[2 * position.token + (position.inside ? 1 : 0)];
    if (seen == round_) return false;
    seen = round_;
    positions_.push_back(position);
    return true;
  }

  const std::vector<Token>& tokens_;
  std::vector<Position> positions_;
  std::vector<std::size_t> seen_;  // in which round
  std::size_t round_ = 1;
};

void IgnoreFile::Pattern::find_plain_text() {
  const auto is_literal = [](const Token& token) { return token.kind == Token::Kind::Literal; };
  anywhere = tokens.front().kind == Token::Kind::Directories;
  const auto begin = tokens.begin() + (anywhere ? 1 : 0);
  if (!std::all_of(begin, tokens.end(), is_literal)) return;
  std::for_each(begin, tokens.end(), [&](const Token& token) { plain += token.literal; });
}

bool IgnoreFile::Pattern::matches(std::string_view path) const {
  if (plain.empty()) return fits(path);
  const auto ends = [&](std::size_t at) { return at == path.size() || path[at] == '/'; };
  if (!anywhere) return path.starts_with(plain) && ends(plain.size());
  for (std::size_t at = path.find(plain); at != std::string_view::npos; at = path.find(plain, at + 1)) {
    if ((at == 0 || path[at - 1] == '/') && ends(at + plain.size())) return true;
  }
  return false;
}

bool IgnoreFile::Pattern::fits(std::string_view path) const {
  using Kind = Token::Kind;
  if (tokens.front().kind == Kind::Literal && !path.starts_with(tokens.front().literal)) return false;
  Positions some(tokens), others(tokens);
  Positions *now = &some, *next = &others;
  now->add(0);
  for (const char c : path) {
    if (c == '/' && now->at_end()) return true;
    next->clear();
    for (const auto& [at, inside] : now->all()) {
      if (at == tokens.size()) continue;
      const Token& token = tokens[at];
      if (token.kind == Kind::Directories) {
        next->add_inside(at);
        if (c == '/') next->add(at + 1);
      } else if (token.accepts(c)) {
        next->add(token.kind == Kind::Star || token.kind == Kind::Everything ? at : at + 1);
      }
    }
    if (next->all().empty()) return false;
    std::swap(now, next);
  }
  return now->at_end();
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
    pattern.find_plain_text();
    file.has_exceptions_ = file.has_exceptions_ || pattern.exception;
    file.patterns_.push_back(std::move(pattern));
  }
  return file;
}

bool IgnoreFile::excludes(std::string_view path) const {
  bool excluded = false;
  for (const Pattern& pattern : patterns_) {
    // Another one could change nothing.
    if (pattern.exception == excluded && pattern.matches(path)) excluded = !excluded;
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
