#include "input_buffer.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>
#include <lzma.h>

namespace mlbuild {
namespace {

constexpr std::uint64_t kMemoryLimitBytes = 256U << 20U;

std::string_view what_is_wrong(lzma_ret result) {
  switch (result) {
    case LZMA_FORMAT_ERROR:
      return "not an xz file";
    case LZMA_MEMLIMIT_ERROR:
      return "xz file needs more than 256 MiB of memory";
    case LZMA_BUF_ERROR:
      return "xz file is truncated";
    case LZMA_OPTIONS_ERROR:
      return "xz file uses options that liblzma does not know";
    case LZMA_UNSUPPORTED_CHECK:
      return "xz file uses a checksum that liblzma does not know";
    default:
      return "xz file is corrupt";
  }
}

class XzSource final : public Source {
 public:
  explicit XzSource(std::unique_ptr<Source> compressed) : input_(std::move(compressed)) {
    const auto flags = LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK;
    if (lzma_stream_decoder(&stream_, kMemoryLimitBytes, flags) != LZMA_OK) {
      throw Error(ErrorKind::Internal, "liblzma cannot make a decoder");
    }
  }
  ~XzSource() override { lzma_end(&stream_); }
  XzSource(const XzSource&) = delete;
  XzSource& operator=(const XzSource&) = delete;

  std::size_t read(MutableByteSpan buffer) override {
    if (buffer.empty() || ended_) return 0;
    stream_.next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
    stream_.avail_out = buffer.size();
    while (!ended_ && stream_.avail_out == buffer.size()) decode_some();
    return buffer.size() - stream_.avail_out;
  }

 private:
  void decode_some() {
    const ByteSpan input = input_.peek();
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    const lzma_ret result = lzma_code(&stream_, input.empty() ? LZMA_FINISH : LZMA_RUN);
    input_.consume(input.size() - stream_.avail_in);
    if (result == LZMA_STREAM_END) {
      ended_ = true;
    } else if (result != LZMA_OK) {
      throw Error(ErrorKind::Foreign, std::string(what_is_wrong(result)));
    }
  }

  InputBuffer input_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Source> unxz(std::unique_ptr<Source> compressed) {
  return std::make_unique<XzSource>(std::move(compressed));
}

}  // namespace mlbuild
