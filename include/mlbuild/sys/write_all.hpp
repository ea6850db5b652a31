#pragma once

#include "mlbuild/base/bytes.hpp"

namespace mlbuild {

/// write(2) until nothing is left: it may move less than asked for, and a signal may interrupt it. False with errno
/// when it cannot.
[[nodiscard]] bool write_all(int fd, ByteSpan bytes) noexcept;

}  // namespace mlbuild
