#include "copied_root.hpp"

#include "mount_point.hpp"

#include "mlbuild/sys/temp_dir.hpp"
#include "mlbuild/sys/write_all.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {
namespace {

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

[[noreturn]] void fail(const std::string& name) { throw SetupFailure{stage::kCopy, errno, name}; }

bool status_at(int directory, const std::string& name, struct stat& status) {
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/// From where both files are to the end of the first.
void copy_by_hand(const Fd& from, const Fd& to, const std::string& name) {
  std::array<std::byte, std::size_t{64} * 1024> buffer{};
  for (;;) {
    const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) return;
    if (count < 0 || !write_all(to.get(), ByteSpan(buffer).first(static_cast<std::size_t>(count)))) fail(name);
  }
}

void copy_bytes(const Fd& from, const Fd& to, const std::string& name) {
  if (::ioctl(to.get(), FICLONE, from.get()) == 0) return;
  constexpr std::size_t kChunk = std::size_t{64} << 20U;
  for (;;) {
    const ssize_t count = ::copy_file_range(from.get(), nullptr, to.get(), nullptr, kChunk, 0);
    if (count < 0 && errno == EINTR) continue;
    // Not between file systems, nor from those that have no way to do it: copy_file_range(2), "ERRORS".
    if (count < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
      return copy_by_hand(from, to, name);
    if (count < 0) fail(name);
    if (count == 0) return;
  }
}

/// A tree of this name would keep what is to be put in its place from being made; anything else vanishes too.
void make_room(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) != 0 && errno == EISDIR)
    remove_tree(fmt::format("/proc/self/fd/{}/{}", directory, name));
}

/// Copies entries of one directory into another by their descriptors: no name is looked up through a link.
class Copier {
 public:
  /// `only_changed`: files that have the same size and time of change on both sides are left alone.
  Copier(Owner owner, bool only_changed) : owner_(owner), only_changed_(only_changed) {}

  void directory(int from, int to) const {  // NOLINT(misc-no-recursion): as deep as the tree
    const Fd listed(::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(::dup(listed.get())), &::closedir);
    if (!entries) fail("directory");
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") this->entry(from, to, name);
    }
  }

  void entry(int from, int to, const std::string& name) const {  // NOLINT(misc-no-recursion): likewise
    struct stat status {};
    if (!status_at(from, name, status)) fail(name);
    if (S_ISDIR(status.st_mode)) {
      sub_directory(from, to, name, status);
    } else if (S_ISREG(status.st_mode) && !(only_changed_ && is_same(to, name, status))) {
      file(from, to, name, status);
    } else if (S_ISLNK(status.st_mode)) {
      link(from, to, name);
    }  // sockets, pipes and devices are of no use to a copy
  }

  void file(int from, int to, const std::string& name, const struct stat& status) const {
    const Fd source(::openat(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    make_room(to, name);
    const Fd target(::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!source.valid() || !target.valid()) fail(name);
    copy_bytes(source, target, name);
    constexpr mode_t kPlainBits = 0777;
    const std::array<timespec, 2> times{status.st_mtim, status.st_mtim};
    if (::fchown(target.get(), owner_.user, owner_.group) != 0 ||
        ::fchmod(target.get(), status.st_mode & kPlainBits) != 0 || ::futimens(target.get(), times.data()) != 0) {
      fail(name);
    }
  }

 private:
  static bool is_same(int to, const std::string& name, const struct stat& status) {
    struct stat there {};
    return status_at(to, name, there) && S_ISREG(there.st_mode) && there.st_size == status.st_size &&
           there.st_mtim.tv_sec == status.st_mtim.tv_sec && there.st_mtim.tv_nsec == status.st_mtim.tv_nsec;
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the tree
  void sub_directory(int from, int to, const std::string& name, const struct stat& status) const {
    struct stat there {};
    const bool exists = status_at(to, name, there);
    if (exists && !S_ISDIR(there.st_mode) && ::unlinkat(to, name.c_str(), 0) != 0) fail(name);
    if ((!exists || !S_ISDIR(there.st_mode)) && ::mkdirat(to, name.c_str(), 0700) != 0) fail(name);
    const Fd source(::openat(from, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const Fd target(::openat(to, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!source.valid() || !target.valid()) fail(name);
    directory(source.get(), target.get());
    constexpr mode_t kDirectoryBits = 01777;
    if (::fchown(target.get(), owner_.user, owner_.group) != 0 ||
        ::fchmod(target.get(), status.st_mode & kDirectoryBits) != 0) {
      fail(name);
    }
  }

  void link(int from, int to, const std::string& name) const {
    std::array<char, PATH_MAX> text{};
    if (::readlinkat(from, name.c_str(), text.data(), text.size() - 1) < 0) fail(name);
    make_room(to, name);
    if (::symlinkat(text.data(), to, name.c_str()) != 0 ||
        ::fchownat(to, name.c_str(), owner_.user, owner_.group, AT_SYMLINK_NOFOLLOW) != 0) {
      fail(name);
    }
  }

  Owner owner_;
  bool only_changed_;
};

Fd open_directory(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) fail(path.string());
  return fd;
}

Fd reopen(const Fd& path_only) {
  Fd fd(::openat(path_only.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) fail("directory");
  return fd;
}

void copy_mount(const SandboxMount& mount, const MountPoints& points, const Copier& copier) {
  if (std::filesystem::is_directory(mount.host)) {
    const Fd target = reopen(points.directory(mount.inside));
    copier.directory(open_directory(mount.host).get(), target.get());
    return;
  }
  // A file comes under the name that it has inside.
  const Fd parent = reopen(points.directory(mount.inside.parent_path()));
  const std::string name = mount.inside.filename().string();
  const Fd source(::open(mount.host.c_str(), O_RDONLY | O_CLOEXEC));
  ::unlinkat(parent.get(), name.c_str(), 0);
  const Fd target(::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!source.valid() || !target.valid()) fail(mount.host.string());
  copy_bytes(source, target, mount.host.string());
}

void make_devices(const MountPoints& points) {
  const std::pair<const char*, dev_t> devices[] = {{"null", makedev(1, 3)},    {"zero", makedev(1, 5)},
                                                   {"full", makedev(1, 7)},    {"random", makedev(1, 8)},
                                                   {"urandom", makedev(1, 9)}, {"tty", makedev(5, 0)}};
  const Fd directory = reopen(points.own_directory("dev"));
  for (const auto& [name, number] : devices) {
    ::unlinkat(directory.get(), name, 0);
    if (::mknodat(directory.get(), name, S_IFCHR | 0666, number) != 0 ||
        ::fchmodat(directory.get(), name, 0666, 0) != 0) {
      throw SetupFailure{stage::kDevices, errno, name};
    }
  }
}

void provide_names(const MountPoints& points, const Copier& copier) {
  for (const char* path : {"/etc/resolv.conf", "/etc/hosts"}) {
    if (::access(path, R_OK) == 0) copy_mount({path, path, false}, points, copier);
  }
}

std::vector<SandboxMount> parents_first(std::vector<SandboxMount> mounts) {
  std::sort(mounts.begin(), mounts.end(), [](const auto& a, const auto& b) { return a.inside < b.inside; });
  return mounts;
}

}  // namespace

void make_copied_root(const SandboxJob& job) {
  const Copier copier({job.user, job.group}, false);
  const Fd root = open_directory("root");
  if (::fchmod(root.get(), 0755) != 0 || ::fchown(root.get(), job.user, job.group) != 0) fail("root");
  for (const std::filesystem::path& tree : job.roots) copier.directory(open_directory(tree).get(), root.get());
  const MountPoints points(Fd(::open("root", O_PATH | O_DIRECTORY | O_CLOEXEC)));
  make_devices(points);
  constexpr mode_t kShared = 01777;
  for (const char* name : {"tmp", "dev/shm"}) {
    if (::fchmod(reopen(points.own_directory(name)).get(), kShared) != 0) fail(name);
  }
  if (job.network) provide_names(points, copier);
  for (const SandboxMount& mount : parents_first(job.mounts)) copy_mount(mount, points, copier);
  points.directory(job.working_directory);
}

void copy_back(const SandboxJob& job) {
  const Copier copier({::geteuid(), ::getegid()}, true);
  const MountPoints points(Fd(::open("root", O_PATH | O_DIRECTORY | O_CLOEXEC)));
  for (const SandboxMount& mount : parents_first(job.mounts)) {
    if (!mount.writable) continue;
    const Fd found = points.existing(mount.inside.relative_path().string());
    struct stat status {};
    if (!found.valid() || ::fstat(found.get(), &status) != 0) continue;  // the command removed it
    if (S_ISDIR(status.st_mode)) {
      copier.directory(reopen(found).get(), open_directory(mount.host).get());
    } else if (S_ISREG(status.st_mode)) {
      const Fd from(::open(path_of(found).c_str(), O_RDONLY | O_CLOEXEC));
      const Fd to(::open(mount.host.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC));
      if (!from.valid() || !to.valid()) fail(mount.host.string());
      copy_bytes(from, to, mount.host.string());
    }
  }
}

}  // namespace mlbuild
