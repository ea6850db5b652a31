#include "raw_inflate.hpp"

#include "mlbuild/base/error.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>
#include <string>

namespace mlbuild {
namespace {

std::string_view what_is_wrong(int result) {
  switch (result) {
    case ISAL_INVALID_BLOCK:
      return "deflate stream is corrupt: invalid block";
    case ISAL_INVALID_SYMBOL:
      return "deflate stream is corrupt: invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "deflate stream is corrupt: refers to bytes before its start";
    default:
      return "deflate stream is corrupt";
  }
}

std::uint32_t clamp_size(std::size_t size) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(size, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

struct RawInflate::State : inflate_state {
  /// ISA-L loads input by words, so its bit buffer may hold whole bytes from behind the end of the stream. They go back
  /// to the caller when the stream has ended, and also when the output was full: then its end may be in the bit buffer
  /// already. In all other cases the stream needs more bits than there are, so those that are buffered belong to it.
  std::size_t give_back(std::size_t consumed) {
    const std::size_t bytes = std::min<std::size_t>(consumed, static_cast<std::size_t>(read_in_length) / 8);
    if (bytes == 0) return 0;
    read_in_length -= static_cast<std::int32_t>(8 * bytes);
    read_in &= (std::uint64_t{1} << static_cast<unsigned>(read_in_length)) - 1;
    return bytes;
  }
};

RawInflate::RawInflate() : state_(new State) { reset(); }  // not make_unique: that would zero 90 KiB that need no zeros
RawInflate::~RawInflate() = default;

void RawInflate::reset() {
  isal_inflate_init(state_.get());
  state_->crc_flag = ISAL_DEFLATE;
  done_ = false;
}

RawInflate::Step RawInflate::step(ByteSpan input, MutableByteSpan output) {
  if (done_) return {};
  State& state = *state_;
  const std::uint32_t offered = clamp_size(input.size());
  const std::uint32_t room = clamp_size(output.size());
  // ISA-L's interface lacks the const; it does not write to its input.
  state.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(input.data()));
  state.avail_in = offered;
  state.next_out = reinterpret_cast<std::uint8_t*>(output.data());
  state.avail_out = room;
  const int result = isal_inflate(&state);
  if (result < 0) throw Error(ErrorKind::Foreign, std::string(what_is_wrong(result)));

  std::size_t consumed = offered - state.avail_in;
  done_ = state.block_state == ISAL_BLOCK_FINISH;
  if (done_ || state.avail_out == 0) consumed -= state.give_back(consumed);
  if (done_ && state.read_in_length >= 8) throw Error(ErrorKind::Internal, "deflate stream ended in earlier input");
  return {consumed, room - state.avail_out};
}

}  // namespace mlbuild
