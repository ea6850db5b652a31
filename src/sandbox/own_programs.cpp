#include "own_programs.hpp"

#include <unistd.h>

#include <algorithm>

namespace mlbuild {

std::vector<std::string> own_programs() {
  std::vector<std::string> paths = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache"};
  std::erase_if(paths, [](const std::string& path) { return ::access(path.c_str(), R_OK) != 0; });
  return paths;
}

}  // namespace mlbuild
