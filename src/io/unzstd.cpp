#include "input_buffer.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>
#include <zstd.h>

namespace mlbuild {
namespace {

constexpr int kWindowLogMax = 27;  // 128 MiB, what RFC 8878, 3.1.1.1.2 lets a decoder refuse above

class ZstdSource final : public Source {
 public:
  explicit ZstdSource(std::unique_ptr<Source> compressed) : input_(std::move(compressed)), context_(ZSTD_createDCtx()) {
    if (!context_ || ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLogMax)) != 0) {
      throw Error(ErrorKind::Internal, "libzstd cannot make a decoder");
    }
  }

  std::size_t read(MutableByteSpan buffer) override {
    if (buffer.empty()) return 0;
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0) {
      const ByteSpan input = input_.peek();
      if (input.empty() && between_frames_) return end_of_frames();
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      const std::size_t hint = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_isError(hint) != 0) {
        throw Error(ErrorKind::Foreign, fmt::format("zstd stream is corrupt: {}", ZSTD_getErrorName(hint)));
      }
      if (input.empty() && out.pos == 0 && hint != 0) throw Error(ErrorKind::Foreign, "zstd stream is truncated");
      input_.consume(in.pos);
      between_frames_ = hint == 0;
      seen_frame_ = true;
    }
    return out.pos;
  }

 private:
  std::size_t end_of_frames() const {
    if (!seen_frame_) throw Error(ErrorKind::Foreign, "zstd stream is truncated");
    return 0;
  }

  struct Free {
    void operator()(ZSTD_DCtx* made) const { ZSTD_freeDCtx(made); }
  };
  InputBuffer input_;
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool between_frames_ = true;
  bool seen_frame_ = false;
};

}  // namespace

std::unique_ptr<Source> unzstd(std::unique_ptr<Source> compressed) {
  return std::make_unique<ZstdSource>(std::move(compressed));
}

}  // namespace mlbuild
