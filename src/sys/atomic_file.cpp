#include "mlbuild/sys/atomic_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/directory.hpp"

#include <fcntl.h>
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

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path final_path, unsigned mode) : final_path_(std::move(final_path)) {
  const std::filesystem::path directory = directory_of(final_path_);
  make_directories(directory);
  // A name of its own instead of final name plus suffix: that could exceed NAME_MAX.
  std::string name = (directory / ".mlbuild-tmp-XXXXXX").string();
  fd_ = Fd(::mkostemp(name.data(), O_CLOEXEC));
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
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "write", final_path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::commit() {
  if (temporary_path_.empty()) throw Error(ErrorKind::Internal, "file was committed twice");
  // The first failed fsync is final: the kernel forgets the error and the dirty pages with it.
  if (::fsync(fd_.get()) != 0) throw_errno(errno, "sync", final_path_);
  if (::close(fd_.release()) != 0) throw_errno(errno, "close", final_path_);
  if (::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) throw_errno(errno, "rename into", final_path_);
  temporary_path_.clear();
  sync_directory(directory_of(final_path_));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(as_bytes(content));
  file.commit();
}

}  // namespace mlbuild
