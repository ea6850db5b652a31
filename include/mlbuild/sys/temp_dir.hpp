#pragma once

#include <filesystem>
#include <string>
#include <utility>

namespace mlbuild {

/// A private directory (0700) below `parent` (default: $TMPDIR or /tmp), removed with all its content by the
/// destructor. Removal never follows symbolic links and copes with directories that have lost their write bit.
class TempDir {
 public:
  explicit TempDir(const std::filesystem::path& parent = {}, const std::string& prefix = "mlbuild-");
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Removes a tree as TempDir does; missing is fine. Throws Error{Io} after having removed what could be removed.
void remove_tree(const std::filesystem::path& path);

}  // namespace mlbuild
