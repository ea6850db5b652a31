#include "mlbuild/base/error.hpp"
#include "mlbuild/io/zstd.hpp"

#include <fmt/format.h>
#include <zstd.h>

namespace mlbuild {
namespace {

std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result) == 0) return result;
  throw Error(ErrorKind::Internal, fmt::format("libzstd: {}", ZSTD_getErrorName(result)));
}

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

}  // namespace

struct ZstdFrames::State {
  std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
};

ZstdFrames::ZstdFrames(int level) : state_(std::make_unique<State>()) {
  if (!state_->context) throw std::bad_alloc();
  checked(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, level));
  checked(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_checksumFlag, 1));
}

ZstdFrames::~ZstdFrames() = default;

Bytes ZstdFrames::frame(ByteSpan plain) {
  Bytes frame(ZSTD_compressBound(plain.size()));
  frame.resize(checked(ZSTD_compress2(state_->context.get(), frame.data(), frame.size(), plain.data(), plain.size())));
  return frame;
}

}  // namespace mlbuild
