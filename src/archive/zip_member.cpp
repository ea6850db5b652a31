#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild {
namespace {

constexpr std::uint16_t kStored = 0;

[[noreturn]] void refuse(const ZipMember& member, std::string_view why) {
  throw Error(ErrorKind::Foreign, fmt::format("zip member `{}` {}", printable(member.name.substr(0, 200)), why));
}

/// The stream must end exactly where the member ends: otherwise another reader could see more, or less.
void inflate(const RandomAccess& file, const ZipMember& member, Sink& out) {
  RangeSource source(file, member.data_offset, member.compressed_size_bytes);
  Bytes buffer(std::min<std::uint64_t>(member.compressed_size_bytes, kStreamBufferBytes));
  Inflater inflater;
  for (std::size_t count = source.read(buffer); count != 0; count = source.read(buffer)) {
    if (inflater.write(ByteSpan(buffer).first(count), out) != count) refuse(member, "goes on after its deflate stream");
  }
  if (!inflater.done()) refuse(member, "has a truncated deflate stream");
}

/// What passes through must be what the directory says of the member.
class CheckedSink final : public Sink {
 public:
  CheckedSink(const ZipMember& member, Sink& out) : member_(member), out_(out) {}
  void write(ByteSpan bytes) override {
    size_bytes_ += bytes.size();
    if (size_bytes_ > member_.size_bytes) refuse(member_, "has another size than the directory says");
    crc_ = crc32(crc_, bytes);
    out_.write(bytes);
  }
  void finish() const {
    if (size_bytes_ != member_.size_bytes) refuse(member_, "has another size than the directory says");
    if (crc_ != member_.crc32) refuse(member_, "has a wrong checksum");
  }

 private:
  const ZipMember& member_;
  Sink& out_;
  std::uint64_t size_bytes_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace

void copy_zip_member(const RandomAccess& file, const ZipMember& member, Sink& out) {
  CheckedSink plain(member, out);
  if (member.method == kStored) {
    RangeSource source(file, member.data_offset, member.compressed_size_bytes);
    copy(source, plain);
  } else {
    inflate(file, member, plain);
  }
  plain.finish();
}

Bytes read_zip_member(const RandomAccess& file, const ZipMember& member, std::uint64_t limit_bytes) {
  if (member.size_bytes > limit_bytes) {
    refuse(member, fmt::format("has {} bytes, allowed are {}", member.size_bytes, limit_bytes));
  }
  BytesSink plain(member.size_bytes);
  copy_zip_member(file, member, plain);
  return plain.take();
}

}  // namespace mlbuild
