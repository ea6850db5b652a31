#include "mlbuild/sys/disk_file.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace mlbuild {

DiskFile::DiskFile(const std::filesystem::path& path) : DiskFile(open_read(path), path) {}

DiskFile::DiskFile(Fd fd, std::filesystem::path path_for_messages)
    : fd_(std::move(fd)), path_(std::move(path_for_messages)) {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) throw_errno(errno, "examine", path_);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::Io, fmt::format("`{}` is not a file", path_.string()));
  size_bytes_ = static_cast<std::uint64_t>(status.st_size);
}

void DiskFile::read_at(std::uint64_t offset, MutableByteSpan buffer) const {
  if (offset > size_bytes_ || buffer.size() > size_bytes_ - offset) {
    throw Error(ErrorKind::Foreign, fmt::format("range of {} bytes at {} leaves `{}`, which has {} bytes",
                                                buffer.size(), offset, path_.string(), size_bytes_));
  }
  while (!buffer.empty()) {
    const ssize_t count = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read", path_);
    if (count == 0) throw Error(ErrorKind::Io, fmt::format("`{}` became shorter while it was read", path_.string()));
    buffer = buffer.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

FileSource::FileSource(const std::filesystem::path& path) : FileSource(open_read(path), path) {}

FileSource::FileSource(Fd fd, std::filesystem::path path_for_messages)
    : fd_(std::move(fd)), path_(std::move(path_for_messages)) {}

std::size_t FileSource::read(MutableByteSpan buffer) {
  for (;;) {
    const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw_errno(errno, "read", path_);
  }
}

std::string read_text_file(const std::filesystem::path& path, std::uint64_t limit_bytes) {
  return with_context([&] { return fmt::format("reading `{}`", path.string()); },
                      [&] {
                        FileSource source(path);
                        return std::string(as_text(read_all(source, limit_bytes)));
                      });
}

}  // namespace mlbuild
