#include "pending_file.hpp"

#include "mlbuild/sys/directory.hpp"
#include "mlbuild/sys/write_all.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace mlbuild {
namespace {

constexpr std::size_t kBufferBytes = 256U << 10U;
constexpr mode_t kMode = 0444;  // content-addressed: nobody has a reason to write into it

Fd open_temporary(std::string& name) {
  const std::string pattern = name;
  Fd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (fd.valid() || errno != ENOENT) return fd;
  make_directories(std::filesystem::path(pattern).parent_path());  // somebody tidied tmp/ up
  name = pattern;
  return Fd(::mkostemp(name.data(), O_CLOEXEC));
}

/// 0 or errno. Directories of keys/ are made when the first key needs them.
int rename_making_directory(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return 0;
  if (errno != ENOENT) return errno;
  make_directories(to.parent_path());
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

PendingFile::PendingFile(const StoreLayout& layout) {
  std::string name = (layout.tmp() / "file-XXXXXX").string();
  fd_ = open_temporary(name);
  if (!fd_.valid()) throw_errno(errno, "make a temporary file in", layout.tmp());
  temporary_ = name;
  buffer_.reserve(kBufferBytes);
}

PendingFile::~PendingFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void PendingFile::write(ByteSpan bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() >= kBufferBytes) return write_out(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void PendingFile::flush() {
  write_out(buffer_);
  buffer_.clear();
}

void PendingFile::write_out(ByteSpan bytes) {
  if (!write_all(fd_.get(), bytes)) throw_errno(errno, "write", temporary_);
}

void PendingFile::commit(const std::filesystem::path& final_path, Durability durability) {
  flush();
  if (::fchmod(fd_.get(), kMode) != 0) throw_errno(errno, "set the mode of", temporary_);
  // The first failed fsync is final: the kernel forgets the error and the dirty pages with it.
  if (durability == Durability::Durable && ::fsync(fd_.get()) != 0) throw_errno(errno, "sync", temporary_);
  if (::close(fd_.release()) != 0) throw_errno(errno, "close", temporary_);
  if (const int error = rename_making_directory(temporary_, final_path); error != 0) {
    throw_errno(error, "rename into", final_path);
  }
  temporary_.clear();
  if (durability == Durability::Durable) sync_directory(final_path.parent_path());
}

}  // namespace mlbuild
