#include "zip_end.hpp"

#include "zip_fields.hpp"

#include <algorithm>

namespace mlbuild::zip {
namespace {

constexpr std::string_view kEndSignature{"PK\5\6"};
constexpr std::uint32_t kZip64EndSignature = 0x06064B50;
constexpr std::uint32_t kZip64LocatorSignature = 0x07064B50;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kLocatorBytes = 20;
constexpr std::size_t kZip64EndBytes = 56;
constexpr std::size_t kMaxCommentBytes = 0xFFFF;

struct ClassicEnd {
  std::uint64_t position = 0;  ///< in the file
  std::uint16_t disk = 0;
  std::uint16_t directory_disk = 0;
  std::uint16_t members_here = 0;
  std::uint16_t members = 0;
  std::uint32_t directory_size_bytes = 0;
  std::uint32_t directory_offset = 0;
};

Bytes read_range(const RandomAccess& file, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  file.read_at(offset, bytes);
  return bytes;
}

bool reaches_end_of_file(ByteSpan tail, std::size_t position) {
  if (tail.size() - position < kEndBytes) return false;
  Fields comment_length(tail.subspan(position + 20, 2));
  return position + kEndBytes + comment_length.u16() == tail.size();
}

/// Readers look for the end record in different ways: the last signature, the first whose comment reaches the end of
/// the file, the one 22 bytes before the end. They agree when the last signature reaches the end and no other one does.
std::size_t find_end(ByteSpan tail) {
  const std::string_view text = as_text(tail);
  const std::size_t last = text.rfind(kEndSignature);
  if (last == std::string_view::npos) refuse("has no end record");
  if (!reaches_end_of_file(tail, last)) refuse("has bytes after its end record, or is truncated");
  for (std::size_t other = text.find(kEndSignature); other != last; other = text.find(kEndSignature, other + 1)) {
    if (reaches_end_of_file(tail, other)) refuse("has two end records");
  }
  return last;
}

ClassicEnd read_classic_end(const RandomAccess& file) {
  const std::uint64_t file_size = file.size_bytes();
  const auto tail_size = static_cast<std::size_t>(std::min<std::uint64_t>(file_size, kEndBytes + kMaxCommentBytes));
  const Bytes tail = read_range(file, file_size - tail_size, tail_size);
  const std::size_t found = find_end(tail);
  Fields fields(ByteSpan(tail).subspan(found + kEndSignature.size()));
  ClassicEnd end;
  end.position = file_size - tail_size + found;
  end.disk = fields.u16();
  end.directory_disk = fields.u16();
  end.members_here = fields.u16();
  end.members = fields.u16();
  end.directory_size_bytes = fields.u32();
  end.directory_offset = fields.u32();
  return end;
}

/// The position of the zip64 end record, when there is a locator right before the classic end record.
std::optional<std::uint64_t> read_zip64_locator(const RandomAccess& file, const ClassicEnd& end) {
  if (end.position < kLocatorBytes) return std::nullopt;
  const Bytes bytes = read_range(file, end.position - kLocatorBytes, kLocatorBytes);
  Fields fields(bytes);
  if (fields.u32() != kZip64LocatorSignature) return std::nullopt;
  const std::uint32_t disk = fields.u32();
  const std::uint64_t position = fields.u64();
  if (disk != 0 || fields.u32() != 1) refuse("has more than one disk");
  return position;
}

template <class Classic, class Zip64>
void expect_same(Classic classic, Zip64 zip64) {
  constexpr auto kAllOnes = static_cast<Classic>(~Classic{0});
  if (classic != kAllOnes && classic != zip64) refuse("has end records that contradict each other");
}

End read_zip64_end(const RandomAccess& file, const ClassicEnd& classic, std::uint64_t position) {
  // Directly before its locator, and without an extensible data sector: there is no room for a second meaning.
  const std::uint64_t locator = classic.position - kLocatorBytes;
  if (locator < kZip64EndBytes || position != locator - kZip64EndBytes) refuse("has a misplaced zip64 end record");
  const Bytes bytes = read_range(file, position, kZip64EndBytes);
  Fields fields(bytes);
  if (fields.u32() != kZip64EndSignature) refuse("has no zip64 end record where its locator points");
  if (fields.u64() != kZip64EndBytes - 12) refuse("has a zip64 end record of unknown length");
  fields.bytes(4);  // versions
  if (fields.u32() != 0 || fields.u32() != 0) refuse("has more than one disk");
  const std::uint64_t members_here = fields.u64();
  End end;
  end.members = fields.u64();
  end.directory_size_bytes = fields.u64();
  end.directory_offset = fields.u64();
  if (members_here != end.members) refuse("has more than one disk");
  expect_same(classic.members_here, members_here);
  expect_same(classic.members, end.members);
  expect_same(classic.directory_size_bytes, end.directory_size_bytes);
  expect_same(classic.directory_offset, end.directory_offset);
  return end;
}

}  // namespace

End read_end(const RandomAccess& file) {
  if (file.size_bytes() < kEndBytes) refuse("is too short");
  const ClassicEnd classic = read_classic_end(file);
  const bool disk_in_zip64 = classic.disk == kInZip64Short && classic.directory_disk == kInZip64Short;
  const std::optional<std::uint64_t> zip64 = read_zip64_locator(file, classic);
  if ((classic.disk != 0 || classic.directory_disk != 0) && !(zip64 && disk_in_zip64)) refuse("has more than one disk");
  End end{classic.members, classic.directory_offset, classic.directory_size_bytes};
  if (zip64) end = read_zip64_end(file, classic, *zip64);
  if (!zip64 && classic.members_here != classic.members) refuse("has more than one disk");
  const std::uint64_t directory_end = zip64 ? *zip64 : classic.position;
  if (end.directory_size_bytes > directory_end || end.directory_offset != directory_end - end.directory_size_bytes) {
    refuse("has a directory that does not end where the end records begin");
  }
  return end;
}

}  // namespace mlbuild::zip
