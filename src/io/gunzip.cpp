#include "input_buffer.hpp"
#include "raw_inflate.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

// RFC 1952, 2.3.1, flags.
constexpr unsigned kHeaderCrc = 2;
constexpr unsigned kExtra = 4;
constexpr unsigned kName = 8;
constexpr unsigned kComment = 16;
constexpr unsigned kReserved = 0xE0;

class GunzipSource final : public Source {
 public:
  explicit GunzipSource(std::unique_ptr<Source> compressed) : input_(std::move(compressed)) {}

  std::size_t read(MutableByteSpan buffer) override {
    if (buffer.empty()) return 0;
    for (;;) {
      if (!in_member_ && !begin_member()) return 0;
      const std::size_t count = inflate_some(buffer);
      if (stream_.done()) end_member();
      if (count != 0) return count;
    }
  }

 private:
  /// False at the end of the file. A file without any member is truncated.
  bool begin_member() {
    if (members_ != 0 && input_.peek().empty()) return false;
    read_header();
    stream_.reset();
    crc_ = 0;
    size_bytes_ = 0;
    in_member_ = true;
    ++members_;
    return true;
  }

  void read_header() {
    header_crc_ = 0;
    if (next_byte() != 0x1F || next_byte() != 0x8B) {
      throw Error(ErrorKind::Foreign, members_ == 0 ? "not a gzip file" : "bytes after the last gzip member");
    }
    if (next_byte() != 8) throw Error(ErrorKind::Foreign, "gzip member uses a method other than deflate");
    const unsigned flags = next_byte();
    if ((flags & kReserved) != 0) throw Error(ErrorKind::Foreign, "gzip member has reserved flags set");
    skip(6);  // mtime, extra flags, operating system
    if ((flags & kExtra) != 0) skip(next_little_endian(2));
    if ((flags & kName) != 0) skip_text();
    if ((flags & kComment) != 0) skip_text();
    if ((flags & kHeaderCrc) != 0) check_header_crc();
  }

  void check_header_crc() {
    const std::uint32_t computed = header_crc_ & 0xFFFFU;
    if (next_little_endian(2) != computed) throw Error(ErrorKind::Foreign, "gzip header has a wrong checksum");
  }

  std::size_t inflate_some(MutableByteSpan buffer) {
    const ByteSpan input = input_.peek();
    const RawInflate::Step step = stream_.step(input, buffer);
    const bool stuck = input.empty() && step.produced == 0 && !stream_.done();
    if (stuck) throw_truncated();
    input_.consume(step.consumed);
    crc_ = crc32(crc_, buffer.first(step.produced));
    size_bytes_ += step.produced;
    return step.produced;
  }

  void end_member() {
    in_member_ = false;
    if (next_little_endian(4) != crc_) throw Error(ErrorKind::Foreign, "gzip member has a wrong checksum");
    if (next_little_endian(4) != (size_bytes_ & 0xFFFFFFFFU)) {
      throw Error(ErrorKind::Foreign, "gzip member has another size than its trailer says");
    }
  }

  unsigned next_byte() {
    const ByteSpan input = input_.peek();
    if (input.empty()) throw_truncated();
    header_crc_ = crc32(header_crc_, input.first(1));
    input_.consume(1);
    return std::to_integer<unsigned>(input.front());
  }

  std::uint32_t next_little_endian(unsigned bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value |= next_byte() << (8 * i);
    return value;
  }

  void skip(std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) next_byte();
  }

  void skip_text() {
    while (next_byte() != 0) {
    }
  }

  [[noreturn]] static void throw_truncated() { throw Error(ErrorKind::Foreign, "gzip file is truncated"); }

  InputBuffer input_;
  RawInflate stream_;
  std::uint64_t members_ = 0;
  std::uint64_t size_bytes_ = 0;
  std::uint32_t crc_ = 0;
  std::uint32_t header_crc_ = 0;
  bool in_member_ = false;
};

}  // namespace

std::unique_ptr<Source> gunzip(std::unique_ptr<Source> compressed) {
  return std::make_unique<GunzipSource>(std::move(compressed));
}

}  // namespace mlbuild
