#pragma once

namespace mlbuild {

/// docs/formats/lock.md; raised when an older mlbuild would misread the file.
inline constexpr int kLockFormatVersion = 1;

}  // namespace mlbuild
