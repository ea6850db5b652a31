#pragma once

#include "spec_directory.hpp"
#include "yaml_tree.hpp"

#include "mlbuild/python/requirement.hpp"

#include <string>
#include <vector>

namespace mlbuild::spec {

struct ReadRequirements {
  std::vector<python::Requirement> requirements;
  std::vector<python::Requirement> constraints;  ///< of -c lines
};

/// Reads one of `requirements.*`: a file's name, or a list of requirements and `-r FILE`. `directory_text` is how the
/// user wrote the spec's directory ("" or "specs/demo"), so that places in requirements files can be opened from where
/// he stands.
ReadRequirements read_requirements(const YamlNode& node, const SpecDirectory& directory,
                                   const std::string& directory_text, Diagnostics& diagnostics);

/// True when the name can be used as `wanted` beside the spec; else a diagnostic at `at` says why not.
enum class Wanted { File, FileOrDirectory };
bool check_relative_path(const std::string& name, const Location& at, Wanted wanted, const SpecDirectory& directory,
                         Diagnostics& diagnostics);

}  // namespace mlbuild::spec
