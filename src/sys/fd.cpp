#include "mlbuild/sys/fd.hpp"

#include "mlbuild/base/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mlbuild {

Fd::~Fd() {
  if (raw_ >= 0) ::close(raw_);
}

void throw_errno(int error_number, const std::string& what, const std::filesystem::path& path) {
  const std::string reason = std::generic_category().message(error_number);
  Error error(ErrorKind::Io, fmt::format("cannot {} `{}`: {}", what, path.string(), reason));
  if (error_number == ENOSPC || error_number == EDQUOT) {
    error.hint("free some space on that file system; `mlbuild store gc` removes what no build uses any more");
  }
  throw error;
}

Fd open_read(const std::filesystem::path& path) {
  for (;;) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.valid()) return fd;
    if (errno != EINTR) throw_errno(errno, "open", path);  // file systems over a network may be interrupted
  }
}

}  // namespace mlbuild
