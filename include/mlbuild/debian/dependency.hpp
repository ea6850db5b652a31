#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::debian {

enum class VersionRelation { Any, Less, LessEqual, Equal, GreaterEqual, Greater };

/// "libc6 (>= 2.36)", "python3:any": one alternative of a relationship field (Debian policy 7.1). The architecture
/// qualifier is read and dropped: images have one architecture.
struct Dependency {
  std::string name;
  VersionRelation relation = VersionRelation::Any;
  std::string version;

  bool accepts(std::string_view candidate_version) const;
  std::string to_string() const;
};

/// The alternatives of `A | B`, in order.
using DependencyGroup = std::vector<Dependency>;

/// Reads a relationship field of a binary package. Throws Error{Foreign} when it is malformed or has restrictions that
/// belong to source packages
/// (`[arch]`, `<profile>`).
std::vector<DependencyGroup> parse_dependencies(std::string_view field);

std::string to_string(const DependencyGroup& group);  ///< "a (>= 1) | b"

}  // namespace mlbuild::debian
