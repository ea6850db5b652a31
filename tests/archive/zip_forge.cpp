#include "archive/zip_forge.hpp"

#include "mlbuild/io/deflate.hpp"

namespace mlbuild::test {
namespace {

std::string little_endian(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) text.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
  return text;
}

std::string local_bytes(const ForgedMember& member) {
  const ZipHeader& h = member.local;
  return "PK\3\4" + le16(20) + le16(h.flags) + le16(h.method) + le32(0x00210000) + le32(h.crc32) +
         le32(h.compressed_size_bytes) + le32(h.size_bytes) + le16(h.name.size()) + le16(h.extra.size()) + h.name +
         h.extra + member.data + member.descriptor;
}

std::string central_bytes(const ForgedMember& member, std::uint32_t offset) {
  const ZipHeader& h = member.central;
  return "PK\1\2" + le16(0x0314) + le16(20) + le16(h.flags) + le16(h.method) + le32(0x00210000) + le32(h.crc32) +
         le32(h.compressed_size_bytes) + le32(h.size_bytes) + le16(h.name.size()) + le16(h.extra.size()) +
         le16(member.comment.size()) + le16(member.disk) + le16(0) + le32(member.external_attributes) +
         le32(member.local_offset.value_or(offset)) + h.name + h.extra + member.comment;
}

}  // namespace

std::string le16(std::uint64_t value) { return little_endian(value, 2); }
std::string le32(std::uint64_t value) { return little_endian(value, 4); }
std::string le64(std::uint64_t value) { return little_endian(value, 8); }

std::string extra_field(std::uint16_t kind, std::string_view content) {
  return le16(kind) + le16(content.size()) + std::string(content);
}

std::string zip64_end_records(std::uint64_t members, std::uint64_t directory_size, std::uint64_t directory_offset,
                              std::uint64_t position) {
  return "PK\6\6" + le64(44) + le16(45) + le16(45) + le32(0) + le32(0) + le64(members) + le64(members) +
         le64(directory_size) + le64(directory_offset) + "PK\6\7" + le32(0) + le64(position) + le32(1);
}

ForgedMember::ForgedMember(std::string name, std::string_view content, std::uint16_t method) {
  central.name = std::move(name);
  central.method = method;
  data = method == 8 ? std::string(as_text(Deflater(6).raw(as_bytes(content)))) : std::string(content);
  central.crc32 = mlbuild::crc32(0, as_bytes(content));
  central.size_bytes = static_cast<std::uint32_t>(content.size());
  central.compressed_size_bytes = static_cast<std::uint32_t>(data.size());
  local = central;
}

Bytes ZipForge::build() const {
  std::string file = before;
  std::string directory;
  for (const ForgedMember& member : members) {
    directory += central_bytes(member, static_cast<std::uint32_t>(file.size()));
    file += local_bytes(member);
  }
  file += before_directory;
  const std::size_t offset = file.size();
  file += directory + before_end;
  const std::string count = le16(member_count.value_or(static_cast<std::uint16_t>(members.size())));
  file += "PK\5\6" + le16(disk) + le16(disk) + count + count +
          le32(directory_size_bytes.value_or(static_cast<std::uint32_t>(directory.size()))) +
          le32(directory_offset.value_or(static_cast<std::uint32_t>(offset))) + le16(comment.size()) + comment + after;
  return {as_bytes(file).begin(), as_bytes(file).end()};
}

Bytes ZipForge::build_zip64() const {
  ZipForge forge = *this;
  std::uint64_t offset = before.size() + before_directory.size();
  std::uint64_t size = 0;
  for (const ForgedMember& member : members) {
    offset += local_bytes(member).size();
    size += central_bytes(member, 0).size();
  }
  forge.before_end += zip64_end_records(members.size(), size, offset, offset + size);
  forge.member_count = 0xFFFF;
  forge.directory_size_bytes = 0xFFFFFFFF;
  forge.directory_offset = 0xFFFFFFFF;
  return forge.build();
}

}  // namespace mlbuild::test
