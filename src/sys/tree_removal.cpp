// Removes trees that unknown programs have written. Each step works on a directory descriptor and a single name, and
// never follows a link, so that a tree cannot lead the removal out of itself, whatever still runs in it. Names nested
// deeper than kMaxDepth are moved up first: a hostile tree may be deeper than we may open descriptors.

#include "tree_removal.hpp"

#include "mlbuild/sys/fd.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {
namespace {

constexpr int kMaxDepth = 100;
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

class Remover {
 public:
  int remove(const std::filesystem::path& path) {
    remove_name(AT_FDCWD, path.c_str(), 0);
    return first_error_;
  }

 private:
  void remember(int error) {
    if (first_error_ == 0 && error != ENOENT) first_error_ = error;
  }

  /// Opens a directory for listing and changing, giving its owner the bits for it where they are missing.
  Fd open_directory(int parent, const char* name) {
    Fd fd(::openat(parent, name, kDirectoryFlags));
    struct stat status {};
    if (fd.valid() && ::fstat(fd.get(), &status) == 0 && (status.st_mode & S_IRWXU) != S_IRWXU) {
      ::fchmod(fd.get(), S_IRWXU);
    }
    if (fd.valid() || errno != EACCES) return fd;
    const Fd handle(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!handle.valid()) return fd;
    // fchmod refuses O_PATH descriptors; their name in /proc reaches the very same directory.
    const std::string handle_name = "/proc/self/fd/" + std::to_string(handle.get());
    if (::chmod(handle_name.c_str(), S_IRWXU) != 0) return fd;
    return Fd(::openat(parent, name, kDirectoryFlags));
  }

  void remove_name(int parent, const char* name, int depth) {
    if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
    const int reason = errno;
    struct stat status {};
    if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return remember(errno);
    if (!S_ISDIR(status.st_mode)) return remember(reason);
    Fd directory = open_directory(parent, name);
    if (!directory.valid()) return remember(errno);
    if (depth == 0) top_ = directory.get();
    empty_directory(std::move(directory), depth);
    if (::unlinkat(parent, name, AT_REMOVEDIR) != 0) remember(errno);
  }

  /// Lists anew until a pass removes nothing more: names that were moved up appear in the top directory meanwhile.
  void empty_directory(Fd directory, int depth) {
    const int fd = directory.get();
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(directory.release()), &::closedir);
    if (!listing) {
      ::close(fd);
      return remember(errno);
    }
    for (bool again = true; again && first_error_ == 0;) {
      const std::vector<std::string> names = list(listing.get());
      for (const std::string& name : names) remove_or_move_up(fd, name, depth);
      again = depth == 0 && !names.empty();
      ::rewinddir(listing.get());
    }
  }

  void remove_or_move_up(int parent, const std::string& name, int depth) {
    if (depth < kMaxDepth) return remove_name(parent, name.c_str(), depth + 1);
    if (::unlinkat(parent, name.c_str(), 0) == 0) return;
    const Fd writable = open_directory(parent, name.c_str());  // its `..` is written when it moves
    if (!move_up(parent, name)) remember(errno);
  }

  /// The tree may have names like ours: they are passed over.
  bool move_up(int parent, const std::string& name) {
    for (;;) {
      const std::string free_name = ".mlbuild-removed-" + std::to_string(++moved_);
      if (::renameat(parent, name.c_str(), top_, free_name.c_str()) == 0) return true;
      if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR && errno != EISDIR) return false;
    }
  }

  static std::vector<std::string> list(DIR* listing) {
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(listing)) {  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
  }

  int first_error_ = 0;
  int top_ = -1;
  unsigned moved_ = 0;
};

}  // namespace

int remove_tree_below(const std::filesystem::path& path) noexcept {
  try {
    return Remover().remove(path);
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

}  // namespace mlbuild
