#include "mlbuild/sys/atomic_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/write_all.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace mlbuild {
namespace {

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

constexpr std::string_view kTemporaryPrefix = ".mlbuild-tmp-";

/// Whether the file has a name after all: another process may take a file for abandoned before it is locked.
bool lock_own(const Fd& fd) {
  struct stat status {};
  return ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? ::fstat(fd.get(), &status) == 0 && status.st_nlink > 0
                                                   : errno != EWOULDBLOCK;
}

Fd make_temporary(const std::filesystem::path& directory, std::string& name) {
  for (;;) {
    // A name of its own instead of final name plus suffix: that could exceed NAME_MAX.
    name = (directory / (std::string(kTemporaryPrefix) + "XXXXXX")).string();
    Fd fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd.valid() || lock_own(fd)) return fd;
    ::unlink(name.c_str());
  }
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path final_path, unsigned mode) : final_path_(std::move(final_path)) {
  const std::filesystem::path directory = directory_of(final_path_);
  make_lasting_directories(directory);
  std::string name;
  fd_ = make_temporary(directory, name);
  if (!fd_.valid()) throw_errno(errno, "make a temporary file for", final_path_);
  temporary_path_ = name;
  if (::fchmod(fd_.get(), mode) != 0) {
    const int reason = errno;
    ::unlink(temporary_path_.c_str());
    throw_errno(reason, "set the mode of", final_path_);
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
}

void AtomicFile::write(ByteSpan bytes) {
  if (!write_all(fd_.get(), bytes)) throw_errno(errno, "write", final_path_);
}

void AtomicFile::commit() {
  if (temporary_path_.empty()) throw Error(ErrorKind::Internal, "file was committed twice");
  // The first failed fsync is final: the kernel forgets the error and the dirty pages with it.
  if (::fsync(fd_.get()) != 0) throw_errno(errno, "sync", final_path_);
  if (::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) throw_errno(errno, "rename into", final_path_);
  temporary_path_.clear();
  // Not before: the lock tells that the temporary file has somebody.
  if (::close(fd_.release()) != 0) throw_errno(errno, "close", final_path_);
  sync_directory(directory_of(final_path_));
}

void remove_abandoned_files(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (std::filesystem::directory_iterator it(directory, ignored), end; !ignored && it != end; it.increment(ignored)) {
    if (!it->path().filename().string().starts_with(kTemporaryPrefix)) continue;
    const Fd fd(::open(it->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(it->path().c_str());
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(as_bytes(content));
  file.commit();
}

}  // namespace mlbuild
