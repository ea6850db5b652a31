#include "zstd_context.hpp"

#include "mlbuild/io/zstd.hpp"

#include <fmt/format.h>

namespace mlbuild {

struct ZstdCompressor::State {
  State(Sink& sink, int level) : out(sink), context(make_zstd_context(level)), buffer(ZSTD_CStreamOutSize()) {}

  /// Returns what libzstd still wants to write.
  std::size_t compress(ZSTD_inBuffer& input, ZSTD_EndDirective directive) {
    ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
    const std::size_t rest = zstd_checked(ZSTD_compressStream2(context.get(), &output, &input, directive));
    if (output.pos > 0) out.write(ByteSpan(buffer).first(output.pos));
    return rest;
  }

  Sink& out;
  ZstdContext context;
  Bytes buffer;
};

ZstdCompressor::ZstdCompressor(Sink& out, int level, std::size_t workers)
    : state_(std::make_unique<State>(out, level)) {
  // Without workers libzstd compresses in another way: other bytes.
  zstd_checked(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_nbWorkers, static_cast<int>(workers)));
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
