#include "mlbuild/sys/temp_dir.hpp"

#include "tree_removal.hpp"

#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/fd.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace mlbuild {
namespace {

std::filesystem::path default_parent() {
  const char* configured = std::getenv("TMPDIR");
  return configured != nullptr && *configured != '\0' ? configured : "/tmp";
}

}  // namespace

TempDir::TempDir(const std::filesystem::path& parent, const std::string& prefix) {
  const std::filesystem::path directory = parent.empty() ? default_parent() : parent;
  make_directories(directory);
  std::string name = (directory / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw_errno(errno, "make a temporary directory in", directory);
  path_ = name;
}

TempDir::~TempDir() {
  if (!path_.empty()) remove_tree_below(path_);  // a destructor has nobody to tell what could not be removed
}

void remove_tree(const std::filesystem::path& path) {
  if (const int error = remove_tree_below(path); error != 0) throw_errno(error, "remove", path);
}

}  // namespace mlbuild
