#include "mount_point.hpp"

#include "helper_job.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace mlbuild {
namespace {

constexpr std::uint64_t kFollow = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr std::uint64_t kNoLinks = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;

}  // namespace

Fd MountPoints::look_up(const std::string& path, std::uint64_t resolve) const {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = resolve;
  return Fd(static_cast<int>(::syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how)));
}

Fd MountPoints::make_directory(const std::filesystem::path& path, std::uint64_t resolve) const {
  std::filesystem::path reached = ".";
  Fd parent = look_up(".", resolve);
  for (const std::filesystem::path& part : path.relative_path()) {
    if (part.empty()) continue;
    reached /= part;
    Fd next = look_up(reached.string(), resolve);
    if (!next.valid() && errno == ENOENT) {
      if (::mkdirat(parent.get(), part.c_str(), 0755) != 0)
        throw SetupFailure{stage::kMountPoint, errno, path.string()};
      next = look_up(reached.string(), resolve);
    }
    if (!next.valid()) throw SetupFailure{stage::kMountPoint, errno, path.string()};
    parent = std::move(next);
  }
  return parent;
}

Fd MountPoints::own_directory(const std::string& path) const { return make_directory(path, kNoLinks); }

Fd MountPoints::directory(const std::filesystem::path& path) const { return make_directory(path, kFollow); }

Fd MountPoints::existing(const std::string& path) const {
  Fd found = look_up(path, kNoLinks);
  if (!found.valid() && errno != ENOENT) throw SetupFailure{stage::kMountPoint, errno, path};
  return found;
}

Fd MountPoints::file(const std::filesystem::path& path) const {
  const std::string relative = path.relative_path().string();
  if (Fd found = look_up(relative, kFollow); found.valid()) return found;
  const Fd parent = make_directory(path.parent_path(), kFollow);
  const std::string name = path.filename().string();
  ::unlinkat(parent.get(), name.c_str(), 0);
  const Fd made(::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!made.valid()) throw SetupFailure{stage::kMountPoint, errno, path.string()};
  Fd found = look_up(relative, kFollow);
  if (!found.valid()) throw SetupFailure{stage::kMountPoint, errno, path.string()};
  return found;
}

std::string path_of(const Fd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

void bind_mount(const Fd& source, const Fd& target, std::uint64_t attributes, const std::string& name) {
  constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
  const Fd tree(::open_tree(source.get(), "", kClone));
  if (!tree.valid()) throw SetupFailure{stage::kBind, errno, name};
  mount_attr change{};
  change.attr_set = attributes;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change) != 0) {
    throw SetupFailure{stage::kBind, errno, name};
  }
  if (::move_mount(tree.get(), "", target.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    throw SetupFailure{stage::kBind, errno, name};
  }
}

}  // namespace mlbuild
