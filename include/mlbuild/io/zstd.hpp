#pragma once

#include "mlbuild/io/stream.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace mlbuild {

/// Compresses what is written to one zstd frame with a checksum (RFC 8878, 3.1.1), by `workers` threads (at least 1) of
/// libzstd. The frame depends on the bytes, level and libzstd's version only, not on the number of threads or the sizes
/// of writes. Memory: about 16 MiB for each worker at level 3.
class ZstdCompressor final : public Sink {
 public:
  ZstdCompressor(Sink& out, int level, std::size_t workers);
  ~ZstdCompressor() override;
  void write(ByteSpan bytes) override;
  void finish();                 ///< ends the frame; nothing may be written afterwards
  static std::string version();  ///< "libzstd-1.5.4"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Compresses pieces to frames of their own with a checksum, each at once. A frame depends on the bytes, level and
/// libzstd's version only. Not thread-safe.
class ZstdFrames {
 public:
  explicit ZstdFrames(int level);
  ~ZstdFrames();
  Bytes frame(ByteSpan plain);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlbuild
