#include "numbers.hpp"
#include "reader.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlbuild::elf {
namespace {

constexpr std::size_t kIdentBytes = 16, kHeader32Bytes = 52, kHeader64Bytes = 64;
constexpr std::size_t kSegment32Bytes = 32, kSegment64Bytes = 56;
constexpr std::uint32_t kLoad = 1, kDynamic = 2, kInterpreter = 3;
constexpr std::uint16_t kExecutable = 2, kShared = 3;

struct FileHeader {
  Object object;
  std::uint64_t table = 0, count = 0, entry_bytes = 0;
};

/// System V ABI, "ELF Header".
std::optional<FileHeader> read_file_header(ByteSpan bytes) {
  if (bytes.size() < kIdentBytes + 4 || !is_elf(bytes)) return std::nullopt;
  const auto elf_class = static_cast<unsigned>(bytes[4]), order = static_cast<unsigned>(bytes[5]);
  if (elf_class != 1 && elf_class != 2) throw Error(ErrorKind::Foreign, fmt::format("unknown ELF class {}", elf_class));
  if (order != 1 && order != 2) throw Error(ErrorKind::Foreign, fmt::format("unknown ELF byte order {}", order));
  FileHeader header;
  header.object.bits = elf_class == 1 ? 32 : 64;
  header.object.big_endian = order == 2;
  const Numbers numbers(header.object.big_endian, header.object.bits);
  const std::uint16_t type = numbers.half(bytes, 16);
  if (type != kExecutable && type != kShared) return std::nullopt;  // object files, core dumps
  const bool is_wide = header.object.bits == 64;
  if (bytes.size() < (is_wide ? kHeader64Bytes : kHeader32Bytes))
    throw Error(ErrorKind::Foreign, "an ELF file ends within its header");
  header.object.type = static_cast<Type>(type);
  header.object.machine = numbers.half(bytes, 18);
  header.table = numbers.wide(bytes, is_wide ? 32 : 28);
  header.entry_bytes = numbers.half(bytes, is_wide ? 54 : 42);
  header.count = numbers.half(bytes, is_wide ? 56 : 44);
  const std::uint64_t expected = is_wide ? kSegment64Bytes : kSegment32Bytes;
  if (header.count > 0 && header.entry_bytes != expected)
    throw Error(ErrorKind::Foreign, fmt::format("ELF program headers of {} bytes", header.entry_bytes));
  if (header.count > kMaxProgramHeaders)
    throw Error(ErrorKind::Foreign, fmt::format("{} ELF program headers", header.count));
  if (header.table > std::uint64_t{1} << 48U) throw Error(ErrorKind::Foreign, "ELF program headers behind any file");
  return header;
}

Segment read_segment(const Numbers& numbers, ByteSpan bytes) {
  if (bytes.size() == kSegment64Bytes) {
    return {numbers.word(bytes, 0), numbers.wide(bytes, 8), numbers.wide(bytes, 16), numbers.wide(bytes, 32)};
  }
  return {numbers.word(bytes, 0), numbers.wide(bytes, 4), numbers.wide(bytes, 8), numbers.wide(bytes, 16)};
}

}  // namespace

bool is_elf(ByteSpan beginning) {
  return as_text(beginning).starts_with(
      "\x7f"
      "ELF");
}

std::optional<std::uint64_t> end_of_program_headers(ByteSpan beginning) {
  const std::optional<FileHeader> header = read_file_header(beginning);
  if (!header) return std::nullopt;
  return header->table + header->count * header->entry_bytes;
}

Headers read_headers(const KeptRanges& file) {
  const std::size_t size = std::min<std::uint64_t>(file.size_bytes(), kHeader64Bytes);
  std::optional<FileHeader> header = read_file_header(file.at(0, size));
  if (!header) throw Error(ErrorKind::Internal, "program headers of what is no ELF object");
  Headers headers{std::move(header->object), {}};
  const Numbers numbers(headers.object.big_endian, headers.object.bits);
  const ByteSpan table = file.at(header->table, header->count * header->entry_bytes);
  for (std::size_t i = 0; i < header->count; ++i) {
    headers.segments.push_back(read_segment(numbers, table.subspan(i * header->entry_bytes, header->entry_bytes)));
  }
  return headers;
}

std::vector<Range> ranges_to_keep(const Headers& headers, std::uint64_t limit_bytes) {
  std::vector<Segment> segments = headers.segments;
  const auto rank = [](const Segment& segment) {  // small and certain ones first, then what lies last in the file
    const bool is_small = segment.type == kDynamic || segment.type == kInterpreter;
    return std::pair(is_small ? 0 : 1, ~segment.offset);
  };
  std::ranges::stable_sort(segments, {}, rank);
  std::vector<Range> ranges;
  for (const Segment& segment : segments) {
    if (segment.type != kDynamic && segment.type != kInterpreter && segment.type != kLoad) continue;
    if (segment.file_size > limit_bytes || segment.offset > ~segment.file_size) continue;
    ranges.push_back({segment.offset, segment.offset + segment.file_size});
    limit_bytes -= segment.file_size;
  }
  return ranges;
}

}  // namespace mlbuild::elf
