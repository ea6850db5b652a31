#pragma once

#include "pylock.hpp"

#include "mlbuild/python/requirement.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

struct ChosenFile {
  PylockFile file;
  bool is_sdist = false;
};

/// What decides between the files of a project.
struct FileRules {
  std::vector<std::string> tags;  ///< python::compatible_tags of the target
  std::string target;             ///< "cp311 linux/amd64", for messages
  bool sdist_allowed = false;
  /// What the user wrote about the project. Its hashes are the only ones taken: the resolver itself does not look at
  /// them.
  std::vector<const python::Requirement*> requirements;
};

/// The best wheel for the target, else the source distribution where allowed. Error{Spec} at the requirement when no
/// file has one of the user's hashes; Error{Step} when nothing fits.
ChosenFile choose_file(const PylockPackage& package, const FileRules& rules);

}  // namespace mlbuild
