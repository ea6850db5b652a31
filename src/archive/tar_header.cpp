// POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace mlbuild {
namespace {

constexpr std::size_t kBlockBytes = 512;
constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kPrefixBytes = 155;
constexpr std::uint64_t kMaxOctal7 = 07777777;       // mode, uid, gid: seven digits and a NUL
constexpr std::uint64_t kMaxOctal11 = 077777777777;  // size, mtime: eleven digits and a NUL

struct SplitPath {
  std::string_view prefix;
  std::string_view name;
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The path as ustar's prefix and name, cut at the leftmost slash that makes the name fit.
std::optional<SplitPath> split_path(std::string_view path) {
  if (path.size() <= kNameBytes) return SplitPath{{}, path};
  const std::size_t slash = path.find('/', path.size() - kNameBytes - 1);
  const bool fits = slash != std::string_view::npos && slash != 0 && slash <= kPrefixBytes && slash + 1 < path.size();
  if (!fits) return std::nullopt;
  return SplitPath{path.substr(0, slash), path.substr(slash + 1)};
}

class HeaderBlock {
 public:
  HeaderBlock& text(std::size_t offset, std::string_view value) {
    std::copy(value.begin(), value.end(), block_.begin() + static_cast<std::ptrdiff_t>(offset));
    return *this;
  }
  /// Zero-padded octal digits and a NUL in a field of this many bytes.
  HeaderBlock& octal(std::size_t offset, std::size_t field_bytes, std::uint64_t value) {
    return text(offset, fmt::format("{:0{}o}", value, field_bytes - 1));
  }
  std::string finish() {
    text(148, "        ");  // the checksum is computed with its own field as spaces
    unsigned sum = 0;
    for (const char c : block_) sum += static_cast<unsigned char>(c);
    text(148, fmt::format("{:06o}\0", sum));
    block_[154] = '\0';
    return std::string(block_.data(), block_.size());
  }

 private:
  std::array<char, kBlockBytes> block_{};
};

struct UstarFields {
  SplitPath path;
  char type = '0';
  std::uint32_t mode = 0;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t mtime_seconds = 0;
  std::string_view link_target;
};

std::string ustar_block(const UstarFields& fields) {
  HeaderBlock block;
  block.text(0, fields.path.name).octal(100, 8, fields.mode).octal(108, 8, fields.uid).octal(116, 8, fields.gid);
  block.octal(124, 12, fields.size_bytes).octal(136, 12, fields.mtime_seconds);
  block.text(156, std::string_view(&fields.type, 1)).text(157, fields.link_target);
  block.text(257, "ustar").text(263, "00").octal(329, 8, 0).octal(337, 8, 0).text(345, fields.path.prefix);
  return block.finish();
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts the whole record and so itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (fmt::formatted_size("{}", length) + rest != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

/// What stands in a ustar field whose true value is in the pax header: readable, ASCII, never too long.
std::string fallback(std::string_view text) {
  std::string ascii(text.substr(0, kNameBytes));
  for (char& c : ascii) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '_';
  }
  return ascii;
}

std::string padded(std::string text) {
  text.append(tar_padding_bytes(text.size()), '\0');
  return text;
}

std::string pax_header(const std::string& records, std::string_view path) {
  const std::string_view base = path.substr(path.rfind('/') + 1);
  const std::string name = fallback(fmt::format("PaxHeaders/{}", base));
  const UstarFields fields{{{}, name}, 'x', 0644, 0, 0, records.size(), 0, {}};
  return ustar_block(fields) + padded(records);
}

void check(const TarEntry& entry) {
  std::string problem = why_unsafe_path(entry.path);
  if (problem.empty() && entry.mode > 07777) problem = "its mode has more than permission and set-id bits";
  if (problem.empty() && entry.type != TarType::File && entry.size_bytes != 0) problem = "it has a size but no content";
  const bool is_link = entry.type == TarType::Symlink || entry.type == TarType::Hardlink;
  if (problem.empty() && is_link == entry.link_target.empty()) problem = "its link target does not fit its type";
  if (problem.empty() && entry.link_target.find('\0') != std::string::npos) problem = "its link target holds a NUL";
  if (!problem.empty()) {
    throw Error(ErrorKind::Internal,
                fmt::format("tar entry `{}` cannot be written: {}", printable(entry.path), problem));
  }
}

}  // namespace

std::string tar_name(const TarEntry& entry) { return entry.type == TarType::Directory ? entry.path + '/' : entry.path; }

std::string tar_header(const TarEntry& entry) {
  check(entry);
  const std::string path = tar_name(entry);
  const std::optional<SplitPath> split = is_ascii(path) ? split_path(path) : std::nullopt;
  const bool plain_link = is_ascii(entry.link_target) && entry.link_target.size() <= kNameBytes;
  const bool plain_mtime = entry.mtime_seconds >= 0 && static_cast<std::uint64_t>(entry.mtime_seconds) <= kMaxOctal11;

  std::string records;  // sorted by key
  if (entry.gid > kMaxOctal7) records += pax_record("gid", fmt::format("{}", entry.gid));
  if (!plain_link) records += pax_record("linkpath", entry.link_target);
  if (!plain_mtime) records += pax_record("mtime", fmt::format("{}", entry.mtime_seconds));
  if (!split) records += pax_record("path", path);
  if (entry.size_bytes > kMaxOctal11) records += pax_record("size", fmt::format("{}", entry.size_bytes));
  if (entry.uid > kMaxOctal7) records += pax_record("uid", fmt::format("{}", entry.uid));

  const std::string fallback_path = split ? "" : fallback(path);
  const std::string link = plain_link ? entry.link_target : fallback(entry.link_target);
  UstarFields fields;
  fields.path = split ? *split : SplitPath{{}, fallback_path};
  fields.type = static_cast<char>(entry.type);
  fields.mode = entry.mode;
  fields.uid = entry.uid > kMaxOctal7 ? 0 : entry.uid;
  fields.gid = entry.gid > kMaxOctal7 ? 0 : entry.gid;
  fields.size_bytes = entry.size_bytes > kMaxOctal11 ? 0 : entry.size_bytes;
  fields.mtime_seconds = plain_mtime ? static_cast<std::uint64_t>(entry.mtime_seconds) : 0;
  fields.link_target = link;
  return (records.empty() ? "" : pax_header(records, entry.path)) + ustar_block(fields);
}

std::size_t tar_padding_bytes(std::uint64_t size_bytes) {
  return static_cast<std::size_t>((kBlockBytes - size_bytes % kBlockBytes) % kBlockBytes);
}

ByteSpan tar_end_of_archive() {
  static constexpr std::array<std::byte, 2 * kBlockBytes> kZeros{};
  return kZeros;
}

}  // namespace mlbuild
