#include "plain_file.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

namespace mlbuild {

Fd open_plain_file(const std::filesystem::path& path, std::uint64_t limit_bytes) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) throw_errno(errno, "read", path);
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) > limit_bytes) {
    throw Error(ErrorKind::Foreign, fmt::format("the build left `{}`, which is no plain file of sensible size",
                                                printable(path.filename().string())));
  }
  return fd;
}

}  // namespace mlbuild
