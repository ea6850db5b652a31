#include "rooted_tree.hpp"

#include "overlay_marks.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

namespace mlbuild {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string leaf_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::optional<struct stat> stat_at(int parent, const std::string& name) {
  struct stat status {};
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return status;
}

std::array<timespec, 2> times_of(const TarEntry& entry) {
  timespec time{};
  time.tv_sec = entry.mtime_seconds;
  return {time, time};
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::vector<std::string> names_in(Fd directory) {
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(directory.get()));
  std::vector<std::string> names;
  if (!stream) return names;
  (void)directory.release();  // closedir closes it
  while (const dirent* child = ::readdir(stream.get())) {
    const std::string name = child->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

}  // namespace

RootedTree::RootedTree(const std::filesystem::path& root) : root_path_(root) {
  make_directories(root);
  root_ = Fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_.valid()) throw_errno(errno, "open", root);
}

void RootedTree::fail(const char* what, std::string_view path) const { throw_errno(errno, what, root_path_ / path); }

Fd RootedTree::open_directory(std::string_view path, Missing missing) const {
  Fd directory(::openat(root_.get(), ".", kOpenDirectory));
  if (!directory.valid()) fail("open", "");
  if (path.empty()) return directory;
  for (const std::string_view component : split(path, '/')) {
    const std::string name(component);
    Fd next(::openat(directory.get(), name.c_str(), kOpenDirectory));
    if (!next.valid()) {
      // ELOOP is a symbolic link, ENOTDIR a file (or, before Linux 5, the link): what a lower layer left in the way.
      if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) fail("open", path);
      if (missing == Missing::Tell) return Fd();
      if (errno != ENOENT && ::unlinkat(directory.get(), name.c_str(), 0) != 0) fail("remove", path);
      if (::mkdirat(directory.get(), name.c_str(), 0755) != 0) fail("make", path);
      next = Fd(::openat(directory.get(), name.c_str(), kOpenDirectory));
      if (!next.valid() || ::fchmod(next.get(), 0755) != 0) fail("make", path);
    }
    directory = std::move(next);
  }
  return directory;
}

int RootedTree::open_parent(std::string_view path, Missing missing) {
  const std::string_view parent = parent_of(path);
  if (!parent_.valid() || parent != parent_path_) {
    parent_ = open_directory(parent, missing);
    parent_path_ = parent;
  }
  return parent_.get();
}

int RootedTree::make_room(const TarEntry& entry) {
  const int parent = open_parent(entry.path, Missing::Make);
  const std::string name = leaf_of(entry.path);
  if (stat_at(parent, name)) remove_at(parent, name);
  return parent;
}

void RootedTree::make_directory(const TarEntry& entry) {
  const int parent = open_parent(entry.path, Missing::Make);
  const std::string name = leaf_of(entry.path);
  const auto existing = stat_at(parent, name);
  if (!existing || !S_ISDIR(existing->st_mode)) {
    if (existing) remove_at(parent, name);
    if (::mkdirat(parent, name.c_str(), 0700) != 0) fail("make", entry.path);
  }
  const Fd directory(::openat(parent, name.c_str(), kOpenDirectory));
  if (!directory.valid()) fail("make", entry.path);
  note_truth(directory.get(), entry);
  if (::fchmod(directory.get(), mode_in_tree(entry)) != 0) fail("make", entry.path);
}

void RootedTree::make_file(const TarEntry& entry, Source& content, const std::function<void()>& on_buffer) {
  const int parent = make_room(entry);
  const Fd file(
      ::openat(parent, leaf_of(entry.path).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) fail("make", entry.path);
  Bytes buffer(std::min<std::uint64_t>(kStreamBufferBytes, std::max<std::uint64_t>(entry.size_bytes, 1)));
  while (const std::size_t got = content.read(buffer)) {
    on_buffer();
    for (ByteSpan rest = ByteSpan(buffer).first(got); !rest.empty();) {
      const ssize_t written = ::write(file.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write", entry.path);
      rest = rest.subspan(static_cast<std::size_t>(written));
    }
  }
  note_truth(file.get(), entry);
  if (::fchmod(file.get(), mode_in_tree(entry)) != 0) fail("make", entry.path);
  if (::futimens(file.get(), times_of(entry).data()) != 0) fail("make", entry.path);
}

/// File systems without attributes are good enough for trees that are only looked at. Whoever may not write a file may
/// not note anything at it either: before its mode is set.
void RootedTree::note_truth(int file, const TarEntry& entry) const {
  int failed = 0;
  if (!shows_truth(entry)) {
    const std::string value = to_attribute(entry);
    failed = ::fsetxattr(file, kEntryAttribute, value.data(), value.size(), 0);
  } else if (entry.type == TarType::Directory) {  // may be there from a lower layer
    failed = ::fremovexattr(file, kEntryAttribute);
  }
  if (failed != 0 && errno != ENODATA && errno != ENOTSUP) fail("note the owner of", entry.path);
}

void RootedTree::hide(const std::string& path) {
  const int parent = open_parent(path, Missing::Make);
  const std::string name = leaf_of(path);
  if (stat_at(parent, name)) remove_at(parent, name);
  // Everybody may make this one device since Linux 5.8.
  if (::mknodat(parent, name.c_str(), S_IFCHR, makedev(0, 0)) != 0) fail("hide", path);
}

bool RootedTree::hides(const std::string& path) {
  const int parent = open_parent(path, Missing::Tell);
  const auto status = parent < 0 ? std::nullopt : stat_at(parent, leaf_of(path));
  return status && S_ISCHR(status->st_mode);
}

bool RootedTree::is_directory(const std::string& path) {
  const int parent = open_parent(path, Missing::Tell);
  const auto status = parent < 0 ? std::nullopt : stat_at(parent, leaf_of(path));
  return status && S_ISDIR(status->st_mode);
}

void RootedTree::make_opaque(const std::string& path) {
  const Fd directory = open_directory(path, Missing::Make);
  if (::fsetxattr(directory.get(), kOpaqueAttribute, "y", 1, 0) != 0) fail("hide what is below", path);
}

void RootedTree::make_symlink(const TarEntry& entry) {
  const int parent = make_room(entry);
  const std::string name = leaf_of(entry.path);
  if (::symlinkat(entry.link_target.c_str(), parent, name.c_str()) != 0) fail("make", entry.path);
  if (::utimensat(parent, name.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW) != 0) fail("make", entry.path);
}

void RootedTree::make_hardlink(const TarEntry& entry) {
  const Fd target_parent = open_directory(parent_of(entry.link_target), Missing::Tell);
  const std::string target_name = leaf_of(entry.link_target);
  const auto target = target_parent.valid() ? stat_at(target_parent.get(), target_name) : std::nullopt;
  if (!target || S_ISDIR(target->st_mode)) {
    throw Error(ErrorKind::Foreign, fmt::format("hard link `{}` to `{}`, which is no file", printable(entry.path),
                                                printable(entry.link_target)));
  }
  if (entry.path == entry.link_target) return;
  const int parent = make_room(entry);
  if (::linkat(target_parent.get(), target_name.c_str(), parent, leaf_of(entry.path).c_str(), 0) != 0)
    fail("link", entry.path);
}

void RootedTree::remove(const std::string& path) {
  const int parent = open_parent(path, Missing::Tell);
  if (parent >= 0 && stat_at(parent, leaf_of(path))) remove_at(parent, leaf_of(path));
}

void RootedTree::clear(const std::string& directory, const std::function<bool(const std::string&)>& keep) {
  parent_ = Fd();  // may be inside of what goes; everything else removes below the remembered directory only
  const Fd opened = open_directory(directory, Missing::Tell);
  if (opened.valid()) clear_at(opened.get(), directory, keep);
}

void RootedTree::clear_at(int directory, const std::string& path, const std::function<bool(const std::string&)>& keep) {
  Fd listed(::openat(directory, ".", kOpenDirectory));
  if (!listed.valid()) fail("read", path);
  for (const std::string& name : names_in(std::move(listed))) {
    const std::string child = path.empty() ? name : fmt::format("{}/{}", path, name);
    if (!keep(child)) {
      remove_at(directory, name);
      continue;
    }
    const Fd below(::openat(directory, name.c_str(), kOpenDirectory));
    if (below.valid()) clear_at(below.get(), child, keep);
  }
}

void RootedTree::remove_at(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0) return;
  if (errno != EISDIR && errno != EPERM) fail("remove", name);
  const Fd directory(::openat(parent, name.c_str(), kOpenDirectory));
  if (!directory.valid()) fail("remove", name);
  clear_at(directory.get(), name, [](const std::string&) { return false; });
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) fail("remove", name);
}

}  // namespace mlbuild
