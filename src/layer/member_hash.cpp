#include "member_hash.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::uint16_t kStored = 0;

/// Keeps the first `count` bytes and lets the rest go.
class StartSink final : public Sink {
 public:
  explicit StartSink(std::size_t count) : count_(count) {}
  void write(ByteSpan bytes) override {
    const std::size_t part = std::min(bytes.size(), count_ - bytes_.size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
  }
  bool full() const { return bytes_.size() == count_; }
  Bytes take() { return std::move(bytes_); }

 private:
  std::size_t count_;
  Bytes bytes_;
};

Error wrong_content(const ZipMember& member) {
  return Error(ErrorKind::Foreign, fmt::format("content of `{}` does not match its size or CRC-32", member.name));
}

}  // namespace

void ContentHash::write(ByteSpan bytes) {
  hash_.update(bytes);
  crc_ = crc32(crc_, bytes);
  size_bytes_ += bytes.size();
}

Digest hash_member(const RandomAccess& file, const ZipMember& member) {
  ContentHash hash;
  RangeSource raw(file, member.data_offset, member.compressed_size_bytes);
  if (member.method == kStored) {
    copy(raw, hash);
  } else {
    Inflater inflater;
    Bytes buffer(kStreamBufferBytes);
    while (!inflater.done()) {
      const std::size_t got = raw.read(buffer);
      if (got == 0 || hash.size_bytes() > member.size_bytes) throw wrong_content(member);
      inflater.write(ByteSpan(buffer).first(got), hash);
    }
  }
  if (hash.size_bytes() != member.size_bytes || hash.crc() != member.crc32) throw wrong_content(member);
  return hash.digest();
}

Bytes read_member_start(const RandomAccess& file, const ZipMember& member, std::size_t count) {
  // Small reads, so that a member that expands a thousandfold costs no more than 4 MB of inflating.
  Bytes buffer(4096);
  StartSink start(count);
  Inflater inflater;
  RangeSource raw(file, member.data_offset, member.compressed_size_bytes);
  while (!start.full() && !inflater.done()) {
    const std::size_t got = raw.read(buffer);
    if (got == 0) break;
    const ByteSpan bytes = ByteSpan(buffer).first(got);
    if (member.method == kStored) {
      start.write(bytes);
    } else {
      inflater.write(bytes, start);
    }
  }
  return start.take();
}

}  // namespace mlbuild
