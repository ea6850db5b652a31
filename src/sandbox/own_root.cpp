#include "own_root.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/fd.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace mlbuild {
namespace {

/// setns into the mount namespace where we are already: it sets the root directory to the namespace's (setns(2)).
bool leave_chroot() {
  const Fd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  return own.valid() && ::setns(own.get(), CLONE_NEWNS) == 0;
}

/// Mounts `directory` with all that is mounted below it onto itself, and returns the mount.
Fd mount_on_itself(const Fd& directory) {
  Fd tree(::open_tree(directory.get(), "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree.valid()) return tree;
  const int moved =
      ::move_mount(tree.get(), "", directory.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  return moved == 0 ? std::move(tree) : Fd();
}

/// pivot_root(".", ".") as in root_setup.cpp.
bool enter(const Fd& root) {
  return ::fchdir(root.get()) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0 && ::umount2(".", MNT_DETACH) == 0;
}

bool enter_as_mount(const Fd& root) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  const Fd own = mount_on_itself(root);
  return own.valid() && enter(own);
}

}  // namespace

bool make_root_a_mount() {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));  // after unshare: of the new namespace
  if (!root.valid() || !leave_chroot()) return false;
  if (enter_as_mount(root)) return true;
  const int reason = errno;
  if (::fchdir(root.get()) != 0 || ::chroot(".") != 0) throw_errno(errno, "cannot go back to", "the root directory");
  errno = reason;
  return false;
}

}  // namespace mlbuild
