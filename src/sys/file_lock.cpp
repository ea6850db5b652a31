#include "mlbuild/sys/file_lock.hpp"

#include "mlbuild/sys/directory.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <system_error>

namespace mlbuild {
namespace {

Fd open_lock_file(const std::filesystem::path& path) {
  if (path.has_parent_path()) make_directories(path.parent_path());
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) throw_errno(errno, "open lock file", path);
  return fd;
}

int operation(FileLock::Mode mode) { return mode == FileLock::Mode::Shared ? LOCK_SH : LOCK_EX; }

/// 0 or errno.
int lock(const Fd& fd, int how) {
  while (::flock(fd.get(), how) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, Mode mode) : fd_(open_lock_file(path)) {
  if (const int error = lock(fd_, operation(mode)); error != 0) throw_errno(error, "lock", path);
}

FileLock FileLock::try_lock(const std::filesystem::path& path, Mode mode) {
  FileLock result;
  Fd fd = open_lock_file(path);
  const int error = lock(fd, operation(mode) | LOCK_NB);
  if (error == 0) result.fd_ = std::move(fd);
  if (error != 0 && error != EWOULDBLOCK) throw_errno(error, "lock", path);
  return result;
}

}  // namespace mlbuild
