#include "netrc.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

/// White space separates; a word in double quotes may hold some, with backslash escapes (as curl reads it).
class Words {
 public:
  explicit Words(std::string_view rest) : rest_(rest) {}

  bool next(std::string& word) {
    rest_ = trim(rest_);
    word.clear();
    if (rest_.empty()) return false;
    const std::string_view before = rest_;
    if (rest_.front() == '"') {
      take_quoted(word);
    } else {
      const std::size_t end = std::min(rest_.find_first_of(" \t\r\n"), rest_.size());
      word = rest_.substr(0, end);
      rest_.remove_prefix(end);
    }
    written_ = before.substr(0, before.size() - rest_.size());
    return true;
  }
  std::string_view written() const { return written_; }  ///< the last word with its quotes
  void skip_line() { rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size())); }
  void skip_macro() { rest_.remove_prefix(std::min(rest_.find("\n\n"), rest_.size())); }

 private:
  void take_quoted(std::string& word) {
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != '"'; ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      word += rest_[i];
    }
    rest_.remove_prefix(std::min(i + 1, rest_.size()));
  }

  std::string_view rest_;
  std::string_view written_;
};

}  // namespace

std::string netrc_for_hosts(std::string_view netrc, const std::set<std::string>& hosts) {
  std::string result;
  bool wanted = false;
  Words words(netrc);
  for (std::string word; words.next(word);) {
    std::string value;
    if (word.starts_with('#')) {
      words.skip_line();
    } else if (word == "macdef") {
      words.skip_macro();
    } else if (word == "default") {
      wanted = false;
    } else if (word == "machine" && words.next(value)) {
      wanted = hosts.contains(to_lower(value));
      if (wanted) result += fmt::format("machine {}\n", words.written());
    } else if ((word == "login" || word == "password") && words.next(value)) {
      if (wanted) result += fmt::format("{} {}\n", word, words.written());
    }
  }
  return result;
}

}  // namespace mlbuild
