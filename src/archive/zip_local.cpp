// Local headers and data descriptors; see zip_directory.cpp for the idea.

#include "zip_entry.hpp"

#include <algorithm>
#include <array>

namespace mlbuild::zip {
namespace {

constexpr std::uint32_t kLocalSignature = 0x04034B50;
constexpr std::uint32_t kDescriptorSignature = 0x08074B50;
constexpr std::size_t kLocalBytes = 30;

/// What a local header says; sizes as stored, zip64 resolved.
struct LocalHeader {
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t compressed_size_bytes = 0;
  std::uint64_t size_bytes = 0;
  std::string_view name;
};

/// One member's stretch of the file: its local header, its data, its data descriptor; nothing else.
class MemberCheck {
 public:
  MemberCheck(const RandomAccess& file, CentralEntry& entry, std::uint64_t end, Bytes& scratch)
      : file_(file), entry_(entry), member_(entry.member), end_(end), header_(scratch) {}

  void run() {
    read_header();
    compare(parse_header());
    const std::uint64_t room = end_ - member_.data_offset;
    if (member_.compressed_size_bytes > room) refuse_member(member_.name, "overlaps what follows it");
    check_descriptor(room - member_.compressed_size_bytes);
  }

 private:
  bool has_descriptor() const { return (entry_.flags & kHasDescriptor) != 0; }

  /// Usually one read: the central directory knows the length of the name, and local extra fields are short.
  void read_header() {
    const std::uint64_t stretch = end_ - entry_.local_offset;
    if (stretch < kLocalBytes) refuse_member(member_.name, "overlaps what follows it");
    constexpr std::size_t kUsualExtraBytes = 64;
    const std::size_t first = std::min<std::uint64_t>(stretch, kLocalBytes + member_.name.size() + kUsualExtraBytes);
    header_.resize(first);
    file_.read_at(entry_.local_offset, header_);
    Fields lengths(ByteSpan(header_).subspan(26, 4));
    const std::size_t name_size = lengths.u16();
    const std::size_t needed = kLocalBytes + name_size + lengths.u16();
    if (needed > stretch) refuse_member(member_.name, "overlaps what follows it");
    header_.resize(needed);
    if (needed > first) file_.read_at(entry_.local_offset + first, MutableByteSpan(header_).subspan(first));
    member_.data_offset = entry_.local_offset + needed;
  }

  LocalHeader parse_header() {
    Fields fields(header_);
    if (fields.u32() != kLocalSignature) refuse_member(member_.name, "has no local header");
    LocalHeader local;
    fields.u16();  // version needed
    local.flags = fields.u16();
    local.method = fields.u16();
    fields.u32();  // time and date
    local.crc32 = fields.u32();
    local.compressed_size_bytes = fields.u32();
    local.size_bytes = fields.u32();
    const std::uint16_t name_size = fields.u16();
    fields.u16();  // the rest is extra
    local.name = as_text(fields.bytes(name_size));
    const Extra extra = parse_extra(fields.bytes(fields.left()));
    check_unicode_path(extra, member_.name);
    resolve_local_zip64(extra, local);
    return local;
  }

  /// 4.5.3: a local zip64 field holds both sizes, even when only one is all ones. Writers that reserve one before they
  /// know the sizes leave it there beside good ones (protobuf's wheels): it may say the same again.
  void resolve_local_zip64(const Extra& extra, LocalHeader& local) const {
    const bool wanted = local.size_bytes == kInZip64 || local.compressed_size_bytes == kInZip64;
    if (!wanted && !extra.zip64) return;
    if (!extra.zip64 || extra.zip64->size() != 16) {
      refuse_member(member_.name, "has zip64 fields that do not fit its header");
    }
    Fields fields(*extra.zip64);
    const std::uint64_t size = fields.u64();
    const std::uint64_t compressed_size = fields.u64();
    const bool fits = (local.size_bytes == kInZip64 || local.size_bytes == size) &&
                      (local.compressed_size_bytes == kInZip64 || local.compressed_size_bytes == compressed_size);
    if (!fits) refuse_member(member_.name, "has zip64 fields that do not fit its header");
    local.size_bytes = size;
    local.compressed_size_bytes = compressed_size;
  }

  void compare(const LocalHeader& local) const {
    const bool complete = local.crc32 == member_.crc32 && local.size_bytes == member_.size_bytes &&
                          local.compressed_size_bytes == member_.compressed_size_bytes;
    const bool left_open = local.crc32 == 0 && local.size_bytes == 0 && local.compressed_size_bytes == 0;
    const bool same = local.name == member_.name && local.method == member_.method &&
                      (local.flags & kMeaningful) == (entry_.flags & kMeaningful) &&
                      (complete || (has_descriptor() && left_open));
    if (!same) refuse_member(member_.name, "is described differently in its local header and in the directory");
    // Who reads from the front finds the end of a deflate stream, but not that of stored bytes.
    if (!complete && member_.method == kStored) refuse_member(member_.name, "is stored without a size in front of it");
  }

  /// 4.3.9: 4-byte or (zip64) 8-byte sizes, with or without a signature. The room decides which of the four forms it
  /// must be.
  void check_descriptor(std::uint64_t room) const {
    if (!has_descriptor()) {
      if (room != 0) refuse_member(member_.name, "is followed by bytes that belong to nothing");
      return;
    }
    if (room != 12 && room != 16 && room != 20 && room != 24) {
      refuse_member(member_.name, "is followed by bytes that belong to nothing");
    }
    std::array<std::byte, 24> bytes{};
    const auto descriptor = std::span(bytes).first(room);
    file_.read_at(end_ - room, descriptor);
    Fields fields(descriptor);
    const bool has_signature = room == 16 || room == 24;
    const bool wide = room >= 20;
    const bool same = (!has_signature || fields.u32() == kDescriptorSignature) && fields.u32() == member_.crc32 &&
                      (wide ? fields.u64() : fields.u32()) == member_.compressed_size_bytes &&
                      (wide ? fields.u64() : fields.u32()) == member_.size_bytes;
    if (!same) refuse_member(member_.name, "has a data descriptor that differs from the directory");
  }

  const RandomAccess& file_;
  CentralEntry& entry_;
  ZipMember& member_;
  std::uint64_t end_;
  Bytes& header_;
};

}  // namespace

void check_local(const RandomAccess& file, CentralEntry& entry, std::uint64_t end, Bytes& scratch) {
  MemberCheck(file, entry, end, scratch).run();
}

}  // namespace mlbuild::zip
