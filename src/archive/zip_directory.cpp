// Two readers, one meaning. A zip file describes each member twice (local header, central directory) and its own end up
// to three times, and readers differ in what they believe. So the file is accepted only when nothing is left to
// believe: the members cover the file from byte 0 to the directory without gap or overlap, and each description says
// the same. Names that readers would decode or resolve differently are refused too. Section numbers are those of
// PKWARE's APPNOTE 6.3.

#include "name_budget.hpp"
#include "zip_end.hpp"
#include "zip_entry.hpp"
#include "zip_fields.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/archive/zip.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlbuild {
namespace {

using zip::CentralEntry;
using zip::Extra;
using zip::Fields;
using zip::kInZip64;
using zip::refuse;
using zip::refuse_member;

constexpr std::uint32_t kCentralSignature = 0x02014B50;
constexpr std::size_t kCentralBytes = 46;
constexpr std::uint64_t kMaxMembers = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMaxDirectoryBytes = std::uint64_t{256} << 20U;

constexpr unsigned kNewestVersion = 63;  // 4.4.3: 6.3
void check_name(const std::string& name, unsigned flags) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  // Without bit 11 the name is CP437 (appendix D): some readers decode that, others take the bytes for UTF-8.
  if (!ascii && (flags & zip::kUtf8) == 0) refuse_member(name, "has a name in an undeclared character set");
  if (name.find('\\') != std::string::npos) refuse_member(name, "has a backslash in its name");
  const std::string_view path = name.ends_with('/') ? std::string_view(name).substr(0, name.size() - 1) : name;
  if (const std::string why = why_unsafe_path(path); !why.empty()) refuse_member(name, "has an unsafe name: " + why);
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
  if (member.method != zip::kStored && member.method != zip::kDeflate) {
    refuse_member(member.name, fmt::format("uses compression method {}", member.method));
  }
  if (member.method == zip::kStored && member.size_bytes != member.compressed_size_bytes) {
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
  if ((entry.flags & zip::kForbidden) != 0) refuse_member(member.name, "is encrypted or a patch");
  if (version_needed > kNewestVersion) refuse_member(member.name, "needs a newer version of the format");
  zip::check_unicode_path(extra, member.name);
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
  NameBudget names;
  for (std::uint64_t i = 0; i < end.members; ++i) {
    entries.push_back(read_central_entry(fields));
    names.add_path(entries.back().member.name);
    if (names.is_exceeded()) refuse("has names that are too long together");
  }
  if (fields.left() != 0) refuse("has bytes between its directory and its end record");
  return entries;
}

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
    zip::check_local(file, *by_offset[i], last ? directory_offset : by_offset[i + 1]->local_offset, scratch);
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
