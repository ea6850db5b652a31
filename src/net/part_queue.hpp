#pragma once

#include "content_range.hpp"

#include "mlbuild/base/bytes.hpp"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <variant>

namespace mlbuild {

/// Who fetches what of one file, and what has come of it. Parts are given out in order, so that the next one that the
/// sink needs is always being fetched by somebody. Thread-safe.
class PartQueue {
 public:
  PartQueue(std::uint64_t file_bytes, std::uint64_t taken_bytes) : file_bytes_(file_bytes), taken_bytes_(taken_bytes) {}

  /// For helpers: what to fetch beside the rest; nullopt when nothing is left or wanted.
  std::optional<ByteRange> take(std::uint64_t size_bytes);
  void put(const ByteRange& range, Bytes bytes);
  void fail(std::exception_ptr failure);

  /// For whoever feeds the sink: the part that begins there, when a helper has it (waits for that one), else the range
  /// to fetch: `size_bytes`, or `alone_bytes` while nobody helps. Throws what a helper failed with.
  std::variant<Bytes, ByteRange> next(std::uint64_t begin, std::uint64_t size_bytes, std::uint64_t alone_bytes);

  void stop();
  bool stopped();
  std::size_t parts();  ///< that helpers have taken and nobody has got yet

 private:
  ByteRange take_locked(std::uint64_t size_bytes);

  const std::uint64_t file_bytes_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::uint64_t taken_bytes_;
  std::map<std::uint64_t, std::optional<Bytes>> parts_;  ///< by where they begin
  bool stopped_ = false;
  std::exception_ptr failure_;
};

}  // namespace mlbuild
