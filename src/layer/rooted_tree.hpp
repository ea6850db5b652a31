#pragma once

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/sys/file.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace mlbuild {

/// A directory that names from foreign archives cannot leave: every component is opened relative to its parent with
/// O_NOFOLLOW, and no link is ever followed. Where a layer needs a directory and finds something else, that is
/// replaced, which is what an overlay of the layers would show. Throws Error{Io}.
class RootedTree {
 public:
  explicit RootedTree(const std::filesystem::path& root);

  void make_directory(const TarEntry& entry);  ///< keeps an existing one; u+rwx is added to its mode
  void make_file(const TarEntry& entry, Source& content, const std::function<void()>& on_buffer);
  void make_symlink(const TarEntry& entry);
  void make_hardlink(const TarEntry& entry);  ///< Error{Foreign} when the target is missing or no file

  void hide(const std::string& path);   ///< a whiteout of overlayfs takes its place
  bool hides(const std::string& path);  ///< whether one is there
  bool is_directory(const std::string& path);
  void make_opaque(const std::string& path);  ///< the directory hides what trees below have of it

  void remove(const std::string& path);  ///< with everything below; missing is fine
  /// Removes what is below `directory` unless `keep` says its path stays; goes into directories that stay.
  void clear(const std::string& directory, const std::function<bool(const std::string&)>& keep);

 private:
  enum class Missing { Make, Tell };
  /// The directory that holds `path`, as a descriptor that lives until the next call; -1 when it is missing and not
  /// made.
  int open_parent(std::string_view path, Missing missing);
  Fd open_directory(std::string_view path, Missing missing) const;
  int make_room(const TarEntry& entry);  ///< removes what is in the way; the parent's descriptor
  void remove_at(int parent, const std::string& name);
  void clear_at(int directory, const std::string& path, const std::function<bool(const std::string&)>& keep);
  void note_truth(int file, const TarEntry& entry) const;
  [[noreturn]] void fail(const char* what, std::string_view path) const;

  std::filesystem::path root_path_;
  Fd root_;
  std::string parent_path_;  // of parent_: most entries share their predecessor's directory
  Fd parent_;
};

}  // namespace mlbuild
