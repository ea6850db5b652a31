#pragma once

#include "mlbuild/base/bytes.hpp"

#include <cstdint>

namespace mlbuild {

/// Cuts contents where they say so themselves, so that a stretch that two versions of a file share is cut alike in
/// both, wherever it stands: Gear hash (Xia and others, "FastCDC", USENIX ATC 2016, 3.2) of the last 64 bytes. A chunk
/// has at least kMinBytes unless the content ends, and at most kMaxBytes; 1.5 MiB on average.
class ContentCutter {
 public:
  void restart();  ///< a new content
  /// How many of `bytes` are of the chunk; less than all, or is_cut() afterwards, when it ends there. The next call
  /// begins the next chunk then.
  std::size_t take(ByteSpan bytes);
  bool is_cut() const { return is_cut_; }

  static constexpr std::uint64_t kMinBytes = std::uint64_t{512} << 10U;
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 20U;

 private:
  std::uint64_t hash_ = 0;
  std::uint64_t chunk_bytes_ = 0;
  bool is_cut_ = false;
};

}  // namespace mlbuild
