#include "tar_guard.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mlbuild {
namespace {

constexpr std::uint64_t kMaxExtensionBytes = 1U << 20U;
// libarchive looks for each line of a list among all lines before it: a list of 1 MiB takes seconds. What ext4 keeps of
// one is hardly longer than this.
constexpr std::uint64_t kMaxAccessListBytes = 4096;
constexpr std::uint64_t kMaxSizeBytes = std::uint64_t{1} << 62U;
constexpr std::uint64_t kMaxUstarSizeBytes = 077777777777;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::Foreign, "tar is refused: " + why); }

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

/// Octal digits between spaces, ended by a space or NUL; or GNU's big-endian binary behind a byte of 0x80.
std::uint64_t parse_number(std::string_view field) {
  if (field.front() == '\x80') {
    std::uint64_t value = 0;
    for (const char c : field.substr(1)) {
      if (value >= kMaxSizeBytes >> 8U) refuse("a number in a header is too large");
      value = (value << 8U) | static_cast<unsigned char>(c);
    }
    return value;
  }
  field = field.substr(0, field.find('\0'));
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ')) field.remove_suffix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  if (!field.empty() && (error != std::errc() || end != field.data() + field.size())) {
    refuse(fmt::format("`{}` in a header is not an octal number", printable(field)));
  }
  return value;
}

void check_checksum(std::string_view header) {
  constexpr std::size_t kChecksumOffset = 148;
  constexpr std::size_t kChecksumBytes = 8;
  std::uint64_t sum = std::uint64_t{' '} * kChecksumBytes;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool in_checksum = i >= kChecksumOffset && i < kChecksumOffset + kChecksumBytes;
    if (!in_checksum) sum += static_cast<unsigned char>(header[i]);
  }
  if (parse_number(header.substr(kChecksumOffset, kChecksumBytes)) != sum) refuse("a header has a wrong checksum");
}

/// Readers differ in what they make of a number that is none: 0, its first digits, or the end of the archive.
void check_numbers(std::string_view header) {
  struct Field {
    std::size_t offset, size;
  };
  for (const Field field : {Field{100, 8}, {108, 8}, {116, 8}, {329, 8}, {337, 8}}) {  // mode, uid, gid, device
    parse_number(header.substr(field.offset, field.size));
  }
  const std::string_view mtime = header.substr(136, 12);
  if (mtime.front() != '\xFF') parse_number(mtime);  // GNU's binary form of a time before 1970
}

/// GNU's own header has other fields where ustar has the prefix, for incremental backups and sparse files. Some readers
/// take them for a prefix all the same.
void check_gnu_area(std::string_view header) {
  const bool gnu = header.substr(257, 8) == std::string_view("ustar  \0", 8);
  if (gnu && !all_zero(header.substr(345, 155))) refuse("a header has GNU's fields for incremental backups");
}

std::uint64_t parse_decimal(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    refuse(fmt::format("a pax header has the {} `{}`", what, printable(text.substr(0, 40))));
  }
  return value;
}

}  // namespace

bool is_sparse_key(std::string_view pax_key) {
  return pax_key.starts_with("GNU.sparse.") || pax_key == "SCHILY.realsize" || pax_key == "SUN.holesdata";
}

std::size_t TarGuard::read(MutableByteSpan buffer) {
  const std::size_t count = tar_.read(buffer);
  observe(buffer.first(count));
  return count;
}

void TarGuard::finish() {
  Bytes buffer(kStreamBufferBytes);
  while (read(buffer) != 0) {
  }
  if (!ended_ || block_filled_ != 0) refuse("it is truncated");
}

std::uint64_t TarGuard::take_entry_size() {
  if (entry_sizes_.empty()) refuse("it has an entry that is none");
  const std::uint64_t size_bytes = entry_sizes_.front();
  entry_sizes_.pop_front();
  return size_bytes;
}

void TarGuard::observe(ByteSpan bytes) {
  while (!bytes.empty()) {
    const std::size_t wanted = content_left_bytes_ != 0 ? content_left_bytes_ : kBlockBytes - block_filled_;
    const ByteSpan part = bytes.first(std::min<std::uint64_t>(bytes.size(), wanted));
    bytes = bytes.subspan(part.size());
    if (content_left_bytes_ != 0) {
      content_left_bytes_ -= part.size();
      continue;
    }
    std::memcpy(block_.data() + block_filled_, part.data(), part.size());
    block_filled_ += part.size();
    if (block_filled_ == kBlockBytes) on_block();
  }
}

void TarGuard::on_block() {
  block_filled_ = 0;
  const std::string_view block(block_.data(), block_.size());
  if (extension_type_ != '\0') {
    extension_.append(block.substr(0, extension_size_bytes_ - extension_.size()));
    if (extension_.size() == extension_size_bytes_) on_extension_end();
  } else if (all_zero(block)) {
    ended_ = true;
  } else if (ended_) {
    refuse("there are bytes behind its end");
  } else {
    on_header();
  }
}

void TarGuard::on_header() {
  const std::string_view header(block_.data(), block_.size());
  check_checksum(header);
  check_numbers(header);
  check_gnu_area(header);
  const std::uint64_t size = parse_number(header.substr(124, 12));
  const char type = header[156];
  switch (type) {
    case 'x':
    case 'g':
    case 'L':
    case 'K':
      return begin_extension(type, size);
    case '0':
    case '\0':
      return skip_content(size);
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
      if (size != 0 || pax_size_bytes_.value_or(0) != 0) refuse("an entry that is no file has content");
      return skip_content(0);
    default:
      refuse(fmt::format("it has an entry of type `{}`", printable(std::string_view(&type, 1))));
  }
}

void TarGuard::skip_content(std::uint64_t size_bytes) {
  if (pax_size_bytes_) {
    const bool fits_ustar = *pax_size_bytes_ <= kMaxUstarSizeBytes;
    if (fits_ustar && *pax_size_bytes_ != size_bytes) refuse("the pax size of an entry contradicts its header");
    size_bytes = *pax_size_bytes_;
    pax_size_bytes_.reset();
  }
  if (size_bytes > kMaxSizeBytes) refuse("an entry is too large");
  content_left_bytes_ = size_bytes + tar_padding_bytes(size_bytes);
  access_list_bytes_ = 0;
  entry_sizes_.push_back(size_bytes);
}

void TarGuard::begin_extension(char type, std::uint64_t size_bytes) {
  if (size_bytes == 0 || size_bytes > kMaxExtensionBytes) {
    refuse(fmt::format("an extended header has {} bytes", size_bytes));
  }
  extension_type_ = type;
  extension_size_bytes_ = size_bytes;
  extension_.clear();
}

void TarGuard::on_extension_end() {
  const char type = std::exchange(extension_type_, '\0');
  if (type == 'x' || type == 'g') return read_pax_records(type == 'g');
  // GNU counts the NUL that ends the name; without it some readers go on into the padding.
  if (extension_.find('\0') != extension_.size() - 1) refuse("a long name does not end where it should");
}

/// POSIX.1-2017, pax, "pax Extended Header": "%d %s=%s\n", the number being the length of the whole record.
void TarGuard::read_pax_records(bool global) {
  std::string_view rest(extension_);
  while (!rest.empty()) {
    const std::size_t space = rest.substr(0, 20).find(' ');
    if (space == std::string_view::npos) refuse("a pax header is malformed");
    const std::uint64_t length = parse_decimal(rest.substr(0, space), "length");
    if (length <= space + 2 || length > rest.size() || rest[length - 1] != '\n') refuse("a pax header is malformed");
    const std::string_view record = rest.substr(space + 1, length - space - 2);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) refuse("a pax header is malformed");
    on_pax_record(record.substr(0, equals), record.substr(equals + 1), global);
    rest.remove_prefix(length);
  }
}

void TarGuard::on_pax_record(std::string_view key, std::string_view value, bool global) {
  const bool is_name = key == "path" || key == "linkpath";
  if (is_sparse_key(key)) refuse("it has a sparse entry");
  if (key.starts_with("SCHILY.acl.")) {
    access_list_bytes_ += value.size();
    if (access_list_bytes_ > kMaxAccessListBytes) {
      refuse(fmt::format("an entry has an access control list of more than {} bytes", kMaxAccessListBytes));
    }
  }
  if (!is_name && key != "size") return;
  if (global) refuse(fmt::format("a global pax header sets `{}`", key));
  if (value.empty()) refuse(fmt::format("a pax header has an empty `{}`", key));
  if (is_name && value.find('\0') != std::string_view::npos) refuse("a name holds a NUL");
  if (key == "size") pax_size_bytes_ = parse_decimal(value, "size");
}

}  // namespace mlbuild
