#include "parent_directories.hpp"

namespace mlbuild {

void add_parent_directories(std::string_view path, std::set<std::string, std::less<>>& directories) {
  for (auto slash = path.rfind('/'); slash != std::string_view::npos; slash = path.rfind('/')) {
    path = path.substr(0, slash);
    if (directories.contains(path)) return;  // then its parents are there too
    directories.emplace(path);
  }
}

}  // namespace mlbuild
