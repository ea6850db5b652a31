#pragma once

#include "mlbuild/base/bytes.hpp"

#include <memory>

namespace mlbuild {

/// One deflate stream (RFC 1951) through ISA-L, one buffer at a time; the base of Inflater (push) and GunzipSource
/// (pull).
class RawInflate {
 public:
  struct Step {
    std::size_t consumed = 0;  ///< of the input; exact when the stream ends inside it
    std::size_t produced = 0;  ///< bytes at the front of the output
  };

  RawInflate();
  ~RawInflate();
  RawInflate(const RawInflate&) = delete;
  RawInflate& operator=(const RawInflate&) = delete;

  void reset();
  /// Goes on until the stream ends, the input is used up or the output is full. A step that fills the whole output may
  /// leave more to come without further input. Throws Error{Foreign} on a corrupt stream.
  Step step(ByteSpan input, MutableByteSpan output);
  bool done() const { return done_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool done_ = false;
};

}  // namespace mlbuild
