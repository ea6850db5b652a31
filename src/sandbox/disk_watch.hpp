#pragma once

#include "mlbuild/sys/fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace mlbuild {

/// Looks now and then how much a run has written. A directory's size can only be found by walking through it, so the
/// pauses grow with what a look costs, up to a limit; a fast writer overshoots. Small files count as a block each, so
/// that their number is limited, too. What lies in
/// deleted files that are still open counts, too: else it would be the way around. For the same reason what cannot be
/// looked at is too much: names that are nested too deep, directories that cannot be opened.
class DiskWatch {
 public:
  /// `limit_bytes` 0: none. `places`: directories and files where what is written ends up, looked at from outside.
  /// Throws SetupFailure when one is not there.
  DiskWatch(const std::vector<std::filesystem::path>& places, std::uint64_t limit_bytes);
  bool is_on() const { return limit_bytes_ != 0; }
  std::chrono::steady_clock::time_point next_look() const { return next_look_; }
  /// Looks; `process` and its descendants are those that write. A look that takes long asks now and then whether its
  /// caller is wanted elsewhere: then it ends without an answer, and is begun anew later.
  bool is_exceeded(
      pid_t process, const std::function<bool()>& is_wanted_elsewhere = [] { return false; });

 private:
  std::uint64_t limit_bytes_;
  std::vector<Fd> places_;
  std::chrono::steady_clock::time_point next_look_;
};

/// What lies in these places, as DiskWatch counts it. Throws SetupFailure when one is not there.
std::uint64_t bytes_on_disk(const std::vector<std::filesystem::path>& places);

}  // namespace mlbuild
