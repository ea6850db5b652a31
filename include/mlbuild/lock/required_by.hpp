#pragma once

#include <string>

namespace mlbuild {

/// What needs a package, in LockedFile::required_by: the spec itself, or a project, whatever its name is.
constexpr const char* kRequiredBySpec = "spec";
constexpr const char* kRequiredByProjectSpec = "project:spec";  // no project's name has a colon

inline std::string required_by_project(const std::string& project) {
  return project == kRequiredBySpec ? kRequiredByProjectSpec : project;
}

/// "" for the spec itself.
inline std::string project_of(const std::string& required_by) {
  if (required_by == kRequiredBySpec) return "";
  return required_by == kRequiredByProjectSpec ? kRequiredBySpec : required_by;
}

}  // namespace mlbuild
