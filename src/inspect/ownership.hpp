#pragma once

#include "mlbuild/inspect/contents.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A package as its own files in the image describe it.
struct FoundPackage {
  std::string kind;  ///< "wheel" or "deb"
  std::string name;
  std::string version;
  std::vector<std::string> paths;  ///< TarEntry::path; also of files that are not there
  PackageDescription description = {};
};

/// `texts`: those of LayerScan that are seen in the image. What is malformed tells of nothing. By kind and name.
std::vector<FoundPackage> find_packages(const std::map<std::string, std::string_view>& texts);

}  // namespace mlbuild
