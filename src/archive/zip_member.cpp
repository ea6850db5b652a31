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

}  // namespace

Bytes read_zip_member(const RandomAccess& file, const ZipMember& member, std::uint64_t limit_bytes) {
  if (member.size_bytes > limit_bytes) {
    refuse(member, fmt::format("has {} bytes, allowed are {}", member.size_bytes, limit_bytes));
  }
  BytesSink plain(member.size_bytes);
  if (member.method == kStored) {
    RangeSource source(file, member.data_offset, member.compressed_size_bytes);
    copy(source, plain);
  } else {
    inflate(file, member, plain);
  }
  if (plain.bytes().size() != member.size_bytes) refuse(member, "has another size than the directory says");
  if (crc32(0, plain.bytes()) != member.crc32) refuse(member, "has a wrong checksum");
  return plain.take();
}

}  // namespace mlbuild
