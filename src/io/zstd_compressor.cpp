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

struct ZstdCompressor::State {
  explicit State(Sink& sink) : out(sink), context(ZSTD_createCCtx()), buffer(ZSTD_CStreamOutSize()) {
    if (!context) throw std::bad_alloc();
  }

  /// Returns what libzstd still wants to write.
  std::size_t compress(ZSTD_inBuffer& input, ZSTD_EndDirective directive) {
    ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
    const std::size_t rest = checked(ZSTD_compressStream2(context.get(), &output, &input, directive));
    if (output.pos > 0) out.write(ByteSpan(buffer).first(output.pos));
    return rest;
  }

  Sink& out;
  std::unique_ptr<ZSTD_CCtx, Free> context;
  Bytes buffer;
};

ZstdCompressor::ZstdCompressor(Sink& out, int level, std::size_t workers) : state_(std::make_unique<State>(out)) {
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    checked(ZSTD_CCtx_setParameter(state_->context.get(), parameter, value));
  };
  set(ZSTD_c_compressionLevel, level);
  set(ZSTD_c_checksumFlag, 1);
  // Without workers libzstd compresses in another way: other bytes.
  set(ZSTD_c_nbWorkers, static_cast<int>(workers));
}

ZstdCompressor::~ZstdCompressor() = default;

void ZstdCompressor::write(ByteSpan bytes) {
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  while (input.pos < input.size) state_->compress(input, ZSTD_e_continue);
}

void ZstdCompressor::finish() {
  ZSTD_inBuffer nothing{nullptr, 0, 0};
  while (state_->compress(nothing, ZSTD_e_end) != 0) {
  }
}

std::string ZstdCompressor::version() { return fmt::format("libzstd-{}", ZSTD_versionString()); }

}  // namespace mlbuild
