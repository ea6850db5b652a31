// Two readers, one meaning. A zip file describes each member twice (local header, central directory) and its own end up
// to three times, and readers differ in what they believe. So the file is accepted only when nothing is left to
// believe: the members cover the file from byte 0 to the directory without gap or overlap, and each description says
// the same. Names that readers would decode or resolve differently are refused too. Section numbers are those of
// PKWARE's APPNOTE 6.3.

#include "zip_end.hpp"
#include "zip_fields.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/deflate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

using zip::Extra;
using zip::Fields;
using zip::kInZip64;
using zip::refuse;

constexpr std::uint32_t kCentralSignature = 0x02014B50;
constexpr std::uint32_t kLocalSignature = 0x04034B50;
constexpr std::uint32_t kDescriptorSignature = 0x08074B50;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kLocalBytes = 30;
constexpr std::uint64_t kMaxMembers = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMaxDirectoryBytes = std::uint64_t{256} << 20U;

constexpr unsigned kNewestVersion = 63;  // 4.4.3: 6.3
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflate = 8;

// 4.4.4, general purpose bits
constexpr unsigned kEncrypted = 1U << 0U;
constexpr unsigned kHasDescriptor = 1U << 3U;
constexpr unsigned kPatched = 1U << 5U;
constexpr unsigned kStronglyEncrypted = 1U << 6U;
constexpr unsigned kUtf8 = 1U << 11U;
constexpr unsigned kMaskedHeader = 1U << 13U;
constexpr unsigned kForbidden = kEncrypted | kPatched | kStronglyEncrypted | kMaskedHeader;
constexpr unsigned kMeaningful = kForbidden | kHasDescriptor | kUtf8;

struct CentralEntry {
  ZipMember member;
  std::uint16_t flags = 0;
  std::uint64_t local_offset = 0;
};

[[noreturn]] void refuse_member(std::string_view name, std::string_view why) {
  refuse(fmt::format("has a member `{}` that {}", printable(name), why));
}

void check_name(const std::string& name, unsigned flags) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  // Without bit 11 the name is CP437 (appendix D): some readers decode that, others take the bytes for UTF-8.
  if (!ascii && (flags & kUtf8) == 0) refuse_member(name, "has a name in an undeclared character set");
  if (name.find('\\') != std::string::npos) refuse_member(name, "has a backslash in its name");
  const std::string_view path = name.ends_with('/') ? std::string_view(name).substr(0, name.size() - 1) : name;
  if (const std::string why = why_unsafe_path(path); !why.empty()) refuse_member(name, "has an unsafe name: " + why);
}

/// Info-ZIP's Unicode path extra field (4.6.9) renames the member for those who read it.
void check_unicode_path(const Extra& extra, const std::string& name) {
  if (!extra.unicode_path) return;
  Fields fields(*extra.unicode_path);
  fields.bytes(5);  // version and checksum of the name it replaces
  if (as_text(fields.bytes(fields.left())) != name) refuse_member(name, "has a second, different name");
}

/// Puts the 64-bit values in place of those that are all ones (4.5.3): in this order, and only those.
void resolve_zip64(const Extra& extra, CentralEntry& entry) {
  std::array<std::uint64_t*, 3> values{&entry.member.size_bytes, &entry.member.compressed_size_bytes,
                                       &entry.local_offset};
  const auto wanted = std::count_if(values.begin(), values.end(), [](const auto* value) { return *value == kInZip64; });
  if (wanted == 0 && !extra.zip64) return;
  if (!extra.zip64 || extra.zip64->size() != 8 * static_cast<std::size_t>(wanted)) {
    refuse_member(entry.member.name, "has zip64 fields that do not fit its header");
  }
  Fields fields(*extra.zip64);
  for (std::uint64_t* value : values) {
    if (*value == kInZip64) *value = fields.u64();
  }
}

void check_method_and_sizes(const ZipMember& member) {
  if (member.method != kStored && member.method != kDeflate) {
    refuse_member(member.name, fmt::format("uses compression method {}", member.method));
  }
  if (member.method == kStored && member.size_bytes != member.compressed_size_bytes) {
    refuse_member(member.name, "is stored in another size than its own");
  }
  if (member.is_directory() && member.size_bytes != 0) refuse_member(member.name, "is a directory with content");
  constexpr std::uint64_t kMaxDeflateRatio = 1032;  // two bits at least for the longest match of 258 bytes
  if (member.size_bytes / kMaxDeflateRatio > member.compressed_size_bytes) {
    refuse_member(member.name, "claims more content than deflate can hold");
  }
}

CentralEntry read_central_entry(Fields& fields) {
  CentralEntry entry;
  ZipMember& member = entry.member;
  if (fields.u32() != kCentralSignature) refuse("has a damaged directory");
  const std::uint16_t made_by = fields.u16();
  member.made_by = static_cast<std::uint8_t>(made_by >> 8U);
  const unsigned version_needed = fields.u16() & 0xFFU;
  entry.flags = fields.u16();
  member.method = fields.u16();
  fields.u32();  // time and date
  member.crc32 = fields.u32();
  member.compressed_size_bytes = fields.u32();
  member.size_bytes = fields.u32();
  const std::uint16_t name_size = fields.u16();
  const std::uint16_t extra_size = fields.u16();
  const std::uint16_t comment_size = fields.u16();
  const std::uint16_t disk = fields.u16();
  fields.u16();  // internal attributes
  member.external_attributes = fields.u32();
  entry.local_offset = fields.u32();
  member.name = std::string(as_text(fields.bytes(name_size)));
  const Extra extra = zip::parse_extra(fields.bytes(extra_size));
  fields.bytes(comment_size);

  check_name(member.name, entry.flags);
  if (disk != 0) refuse("has more than one disk");
  if ((entry.flags & kForbidden) != 0) refuse_member(member.name, "is encrypted or a patch");
  if (version_needed > kNewestVersion) refuse_member(member.name, "needs a newer version of the format");
  check_unicode_path(extra, member.name);
  resolve_zip64(extra, entry);
  check_method_and_sizes(member);
  return entry;
}

std::vector<CentralEntry> read_central_directory(const RandomAccess& file, const zip::End& end) {
  if (end.members > kMaxMembers) refuse(fmt::format("has more than {} members", kMaxMembers));
  if (end.directory_size_bytes > kMaxDirectoryBytes) refuse("has a directory of more than 256 MiB");
  if (end.members * kCentralBytes > end.directory_size_bytes) refuse("has fewer members than its end record says");
  Bytes bytes(end.directory_size_bytes);
  file.read_at(end.directory_offset, bytes);
  Fields fields(bytes);
  std::vector<CentralEntry> entries;
  entries.reserve(end.members);
  for (std::uint64_t i = 0; i < end.members; ++i) entries.push_back(read_central_entry(fields));
  if (fields.left() != 0) refuse("has bytes between its directory and its end record");
  return entries;
}

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
    const Extra extra = zip::parse_extra(fields.bytes(fields.left()));
    check_unicode_path(extra, member_.name);
    resolve_local_zip64(extra, local);
    return local;
  }

  /// 4.5.3: a local zip64 field holds both sizes, even when only one is all ones.
  void resolve_local_zip64(const Extra& extra, LocalHeader& local) const {
    const bool wanted = local.size_bytes == kInZip64 || local.compressed_size_bytes == kInZip64;
    if (wanted != extra.zip64.has_value() || (wanted && extra.zip64->size() != 16)) {
      refuse_member(member_.name, "has zip64 fields that do not fit its header");
    }
    if (!wanted) return;
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

/// The members' stretches must cover the file from its first byte to the directory.
void check_layout(const RandomAccess& file, std::vector<CentralEntry>& entries, std::uint64_t directory_offset) {
  std::vector<CentralEntry*> by_offset;
  by_offset.reserve(entries.size());
  for (CentralEntry& entry : entries) by_offset.push_back(&entry);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const auto* a, const auto* b) { return a->local_offset < b->local_offset; });
  const std::uint64_t first = by_offset.empty() ? directory_offset : by_offset.front()->local_offset;
  if (!by_offset.empty() && by_offset.back()->local_offset > directory_offset) {
    refuse_member(by_offset.back()->member.name, "begins behind the directory");
  }
  if (first != 0) refuse("has bytes before its first member");
  Bytes scratch;
  for (std::size_t i = 0; i < by_offset.size(); ++i) {
    const bool last = i + 1 == by_offset.size();
    MemberCheck(file, *by_offset[i], last ? directory_offset : by_offset[i + 1]->local_offset, scratch).run();
  }
}

}  // namespace

std::vector<ZipMember> read_zip_directory(const RandomAccess& file) {
  const zip::End end = zip::read_end(file);
  std::vector<CentralEntry> entries = read_central_directory(file, end);
  check_layout(file, entries, end.directory_offset);
  std::vector<ZipMember> members;
  members.reserve(entries.size());
  for (CentralEntry& entry : entries) members.push_back(std::move(entry.member));
  return members;
}

}  // namespace mlbuild
