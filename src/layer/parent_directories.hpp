#pragma once

#include <set>
#include <string>
#include <string_view>

namespace mlbuild {

/// Adds every directory above `path` ("a/b/c" -> "a", "a/b") to `directories`. Every layer carries its parents, so that
/// it means the same on any base.
void add_parent_directories(std::string_view path, std::set<std::string, std::less<>>& directories);

}  // namespace mlbuild
