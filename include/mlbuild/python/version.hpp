#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlbuild::python {

/// PEP 440 version with its total order.
class Version {
 public:
  static std::optional<Version> parse(std::string_view text);
  friend std::strong_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == std::strong_ordering::equal; }
  bool is_prerelease() const;  ///< a, b, rc or dev
  bool is_postrelease() const;
  std::uint64_t epoch() const { return epoch_; }
  const std::vector<std::uint64_t>& release() const { return release_; }
  const std::string& local() const { return local_; }
  Version without_local() const;  ///< the public version
  Version without_pre() const;    ///< without a, b, rc, dev and local: the version that a pre-release leads to
  Version without_post() const;   ///< without post, dev and local: the version that a post-release follows
  std::string to_string() const;  ///< normalised

 private:
  std::uint64_t epoch_ = 0;
  std::vector<std::uint64_t> release_;
  std::optional<std::pair<std::string, std::uint64_t>> pre_;  ///< "a" | "b" | "rc"
  std::optional<std::uint64_t> post_, dev_;
  std::string local_;
};

/// PEP 440 "Version specifiers": every clause of e.g. ">=3.8,!=3.9.1" holds. An empty specifier holds. Throws
/// Error{Foreign} on a malformed one.
bool satisfies(const Version& version, std::string_view specifier);

}  // namespace mlbuild::python
