#pragma once

#include "mlbuild/sys/fd.hpp"

#include <filesystem>

namespace mlbuild {

/// flock(2) on a file, made when missing; released by the destructor or by the death of the process.
class FileLock {
 public:
  enum class Mode { Shared, Exclusive };
  FileLock(const std::filesystem::path& path, Mode mode);  ///< waits
  /// nullopt-like: an invalid lock when somebody else holds it.
  static FileLock try_lock(const std::filesystem::path& path, Mode mode);
  bool held() const { return fd_.valid(); }

 private:
  FileLock() = default;
  Fd fd_;
};

}  // namespace mlbuild
