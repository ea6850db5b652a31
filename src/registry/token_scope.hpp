#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// What a token is good for: "repository:team/app:pull,push", for several resources
/// (distribution docs, "Token Scope Documentation"). A value.
class TokenScope {
 public:
  TokenScope() = default;
  explicit TokenScope(std::string_view entries) { add(entries); }
  static TokenScope pull(const std::string& repository) { return TokenScope("repository:" + repository + ":pull"); }
  static TokenScope push(const std::string& repository) {
    return TokenScope("repository:" + repository + ":pull,push");
  }

  void add(std::string_view entries);  ///< one or more, separated by blanks; the actions of one resource are united
  void add(const TokenScope& other);
  std::vector<std::string> entries() const;  ///< sorted
  std::string to_string() const;             ///< the entries, separated by blanks

 private:
  std::map<std::string, std::set<std::string>> actions_;  ///< by "type:name"
};

}  // namespace mlbuild
