#pragma once

#include "mlbuild/io/stream.hpp"

#include <memory>

namespace mlbuild {

/// Compressed bytes on their way into a decoder: filled from a Source, used up at the decoder's own pace.
class InputBuffer {
 public:
  explicit InputBuffer(std::unique_ptr<Source> source) : source_(std::move(source)), buffer_(kStreamBufferBytes) {}

  /// What is left; reads on when nothing is. Empty only at the end of the source.
  ByteSpan peek() {
    if (used_ == filled_) {
      used_ = 0;
      filled_ = source_->read(buffer_);
    }
    return ByteSpan(buffer_).subspan(used_, filled_ - used_);
  }
  void consume(std::size_t count) { used_ += count; }

 private:
  std::unique_ptr<Source> source_;
  Bytes buffer_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace mlbuild
