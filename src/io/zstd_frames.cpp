#include "zstd_context.hpp"

#include "mlbuild/io/zstd.hpp"

namespace mlbuild {

struct ZstdFrames::State {
  explicit State(int level) : context(make_zstd_context(level)) {}
  ZstdContext context;
};

ZstdFrames::ZstdFrames(int level) : state_(std::make_unique<State>(level)) {}
ZstdFrames::~ZstdFrames() = default;

Bytes ZstdFrames::frame(ByteSpan plain) {
  Bytes frame(ZSTD_compressBound(plain.size()));
  frame.resize(
      zstd_checked(ZSTD_compress2(state_->context.get(), frame.data(), frame.size(), plain.data(), plain.size())));
  return frame;
}

}  // namespace mlbuild
