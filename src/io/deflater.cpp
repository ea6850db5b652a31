#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <array>
#include <cstring>

namespace mlbuild {
namespace {

constexpr std::size_t kHeaderBytes = 10;
constexpr std::size_t kTrailerBytes = 8;

void put_little_endian(std::byte* out, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::byte>((value >> (8 * i)) & 0xFFU);
}

std::array<std::byte, kTrailerBytes> trailer(std::uint32_t crc, std::uint64_t plain_size_bytes) {
  std::array<std::byte, kTrailerBytes> bytes{};
  put_little_endian(bytes.data(), crc);
  put_little_endian(bytes.data() + 4, static_cast<std::uint32_t>(plain_size_bytes & 0xFFFFFFFFU));
  return bytes;
}

}  // namespace

struct Deflater::State {
  struct Free {
    void operator()(libdeflate_compressor* made) const { libdeflate_free_compressor(made); }
  };
  std::unique_ptr<libdeflate_compressor, Free> compressor;
  Bytes scratch;  // kept between calls: the bound is larger than the result, and callers keep results

  ByteSpan compress(ByteSpan plain) {
    const std::size_t bound = libdeflate_deflate_compress_bound(compressor.get(), plain.size());
    if (scratch.size() < bound) scratch.resize(bound);
    const std::size_t size =
        libdeflate_deflate_compress(compressor.get(), plain.data(), plain.size(), scratch.data(), scratch.size());
    if (size == 0) throw Error(ErrorKind::Internal, "libdeflate needed more room than its bound");
    return ByteSpan(scratch).first(size);
  }
};

Deflater::Deflater(int level) : state_(std::make_unique<State>()) {
  state_->compressor.reset(libdeflate_alloc_compressor(level));
  if (!state_->compressor) {
    throw Error(ErrorKind::Internal, fmt::format("libdeflate has no compression level {}", level));
  }
}
Deflater::~Deflater() = default;
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;

Bytes Deflater::raw(ByteSpan plain) {
  const ByteSpan stream = state_->compress(plain);
  return {stream.begin(), stream.end()};
}

Bytes Deflater::gzip_member(ByteSpan plain) {
  const ByteSpan stream = state_->compress(plain);
  const auto tail = trailer(crc32(0, plain), plain.size());
  Bytes member(kHeaderBytes + stream.size() + kTrailerBytes);
  std::memcpy(member.data(), gzip_member_header().data(), kHeaderBytes);
  std::memcpy(member.data() + kHeaderBytes, stream.data(), stream.size());
  std::memcpy(member.data() + kHeaderBytes + stream.size(), tail.data(), kTrailerBytes);
  return member;
}

// libdeflate cannot be asked at run time; its soname has been 0 for all releases whose output we have compared.
std::string Deflater::version() { return "libdeflate-" LIBDEFLATE_VERSION_STRING; }

ByteSpan gzip_member_header() {
  static constexpr std::array<std::byte, kHeaderBytes> kHeader{
      std::byte{0x1F}, std::byte{0x8B}, std::byte{8}, std::byte{0}, std::byte{0},
      std::byte{0},    std::byte{0},    std::byte{0}, std::byte{0}, std::byte{255}};
  return kHeader;
}

Bytes gzip_member_trailer(std::uint32_t crc, std::uint64_t plain_size_bytes) {
  const auto bytes = trailer(crc, plain_size_bytes);
  return {bytes.begin(), bytes.end()};
}

}  // namespace mlbuild
