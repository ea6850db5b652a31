#pragma once

#include "mlbuild/debian/packages_index.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlbuild::debian {

struct ClosureRequest {
  std::vector<std::string> wanted;               ///< package names
  std::map<std::string, std::string> installed;  ///< name -> version that is already there and stays; satisfies needs
  std::vector<std::string> preferred = {"usr-is-merged"};  ///< taken first inside `A | B`, see docs/debian.md
  std::string newer_base = "run `mlbuild lock` to take a newer base";  ///< the way out when an installed one is too old
};

struct ClosureMember {
  const Package* package = nullptr;  ///< owned by the index
  std::string because;               ///< "wanted" or the name of the package whose need brought it in
};

/// The packages to add, sorted by name: apt's rules without Recommends (docs/debian.md). Throws Error{Spec} that names
/// the unknown package (with the nearest name) or explains the conflict; no backtracking.
std::vector<ClosureMember> resolve_closure(const PackagesIndex& index, const ClosureRequest& request);

}  // namespace mlbuild::debian
