// The grammar is ambiguous on purpose-built edge: a comma separates parameters as well as challenges. A name that is
// followed by "=" is a parameter of the challenge before, any other begins a new one.

#include "challenge.hpp"

#include "mlbuild/base/text.hpp"

#include <optional>

namespace mlbuild {
namespace {

class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view text) : rest_(text) {}

  std::vector<Challenge> read() {
    std::vector<Challenge> challenges;
    for (skip(" \t,"); !rest_.empty(); skip(" \t,")) {
      const std::string name = to_lower(take_token());
      if (name.empty()) break;
      skip(" \t");
      if (!rest_.starts_with('=')) {
        challenges.push_back({name, {}});
        continue;
      }
      rest_.remove_prefix(1);
      skip(" \t");
      const std::optional<std::string> value = take_value();
      if (!value || challenges.empty()) break;
      challenges.back().parameters.emplace(name, *value);
    }
    return challenges;
  }

 private:
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }
  std::string_view take_token() {
    const std::string_view token = rest_.substr(0, rest_.find_first_of(" \t,=\""));
    rest_.remove_prefix(token.size());
    return token;
  }
  std::optional<std::string> take_value() {
    if (!rest_.starts_with('"')) return std::string(take_token());
    std::string value;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return value;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      value.push_back(rest_[i]);
    }
    return std::nullopt;  // the quote is never closed
  }

  std::string_view rest_;
};

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) { return ChallengeReader(header).read(); }

}  // namespace mlbuild
