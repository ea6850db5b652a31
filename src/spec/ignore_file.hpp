#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::spec {

/// `.dockerignore`, as documented for docker build ("Build context", ".dockerignore files") and done by its pattern
/// matcher: one pattern a line; `#` begins a comment; `*` and `?` stop at slashes, `**` does not; `[a-z]` and `\x`; a
/// leading or trailing slash means nothing; `!` takes back what earlier lines excluded; the last line that matches
/// decides; what matches a directory matches all below it.
class IgnoreFile {
 public:
  IgnoreFile() = default;
  /// `name` is for messages. Throws Error{Spec} with the line of a malformed pattern.
  static IgnoreFile parse(std::string_view text, const std::string& name);
  /// `path` is relative to the directory of the file, with single slashes.
  bool excludes(std::string_view path) const;
  /// False when nothing below an excluded directory can come back, so that walking it is useless.
  bool has_exceptions() const { return has_exceptions_; }

 private:
  struct Token {
    enum class Kind { Literal, AnyCharacter, Star, Directories, Everything, Class };
    Kind kind = Kind::Literal;
    char literal = 0;
    bool negated = false;                       // Class
    std::vector<std::pair<char, char>> ranges;  // Class
    bool accepts(char c) const;
    bool may_be_empty() const;
  };
  struct Pattern {
    bool exception = false;
    std::vector<Token> tokens;
    std::string plain;      ///< all tokens as text, but a `**/` before it; "" where there are others
    bool anywhere = false;  ///< `plain` stands behind `**/`
    void find_plain_text();
    bool matches(std::string_view path) const;  ///< the path, or a directory above it
    bool fits(std::string_view path) const;     ///< the same by tokens
  };
  class PatternParser;
  class Positions;

  std::vector<Pattern> patterns_;
  bool has_exceptions_ = false;
};

}  // namespace mlbuild::spec
