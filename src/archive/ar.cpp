// The common ar format as deb(5) restricts it: no symbol table, no long names.

#include "mlbuild/archive/ar.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mlbuild {
namespace {

constexpr std::string_view kMagic = "!<arch>\n";
constexpr std::size_t kHeaderBytes = 60;
constexpr std::size_t kMaxMembers = 1024;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::Foreign, "ar archive " + why); }

std::string_view without_padding(std::string_view field) {
  while (field.ends_with(' ')) field.remove_suffix(1);
  return field;
}

std::uint64_t parse_size(std::string_view field) {
  field = without_padding(field);
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), size);
  if (error != std::errc() || end != field.data() + field.size()) refuse("has a member whose size is not a number");
  return size;
}

std::string parse_name(std::string_view field) {
  field = without_padding(field);
  if (field.ends_with('/') && field.size() > 1) field.remove_suffix(1);  // GNU ends short names so
  const bool long_name = field.find('/') != std::string_view::npos || field.starts_with("#1/");
  const bool plain = std::all_of(field.begin(), field.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (field.empty() || long_name || !plain) {
    refuse(fmt::format("has a member with the unusual name `{}`", printable(field)));
  }
  return std::string(field);
}

ArMember read_header(const RandomAccess& file, std::uint64_t offset) {
  std::array<char, kHeaderBytes> bytes{};
  if (file.size_bytes() - offset < kHeaderBytes) refuse("is truncated in a member header");
  file.read_at(offset, std::as_writable_bytes(std::span(bytes)));
  const std::string_view header(bytes.data(), bytes.size());
  if (!header.ends_with("`\n")) refuse(fmt::format("has no member header at {}", offset));
  ArMember member{parse_name(header.substr(0, 16)), offset + kHeaderBytes, parse_size(header.substr(48, 10))};
  if (member.size_bytes > file.size_bytes() - member.offset) {
    refuse(fmt::format("is truncated in member `{}`", member.name));
  }
  return member;
}

/// Members begin at even offsets; the byte between is a line feed. The last member may lack it: nothing follows.
std::uint64_t next_offset(const RandomAccess& file, const ArMember& member) {
  const std::uint64_t end = member.offset + member.size_bytes;
  if (end % 2 == 0 || end == file.size_bytes()) return end;
  std::byte padding{};
  file.read_at(end, std::span(&padding, 1));
  if (padding != std::byte{'\n'}) refuse(fmt::format("has a wrong padding byte after member `{}`", member.name));
  return end + 1;
}

}  // namespace

std::vector<ArMember> read_ar_directory(const RandomAccess& file) {
  std::array<char, kMagic.size()> magic{};
  if (file.size_bytes() < magic.size()) refuse("is too short");
  file.read_at(0, std::as_writable_bytes(std::span(magic)));
  if (std::string_view(magic.data(), magic.size()) != kMagic) refuse("does not begin with `!<arch>`");
  std::vector<ArMember> members;
  for (std::uint64_t offset = magic.size(); offset != file.size_bytes(); offset = next_offset(file, members.back())) {
    if (members.size() == kMaxMembers) refuse(fmt::format("has more than {} members", kMaxMembers));
    members.push_back(read_header(file, offset));
  }
  return members;
}

}  // namespace mlbuild
