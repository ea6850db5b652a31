#include "mlbuild/archive/tar_index.hpp"

#include "tar_guard.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

namespace mlbuild {
namespace {

constexpr std::uint64_t kBlockBytes = 512;
constexpr std::uint64_t kMaxExtensionBytes = 1U << 20U;
constexpr std::size_t kMaxMembers = std::size_t{1} << 20U;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::Foreign, "tar is refused: " + why); }

std::string_view until_nul(std::string_view field) { return field.substr(0, field.find('\0')); }

std::uint64_t parse_digits(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    refuse(fmt::format("`{}` is no number", printable(text.substr(0, 40))));
  }
  return value;
}

/// Octal digits between spaces, ended by a space or NUL; or GNU's big-endian binary behind a byte of 0x80.
std::uint64_t parse_number(std::string_view field) {
  if (field.front() == '\x80') {
    std::uint64_t value = 0;
    for (const char c : field.substr(1)) {
      if (value >= std::uint64_t{1} << 54U) refuse("a number in a header is too large");
      value = (value << 8U) | static_cast<unsigned char>(c);
    }
    return value;
  }
  const std::string_view digits = trim(until_nul(field));
  return digits.empty() ? 0 : parse_digits(digits, 8);
}

bool has_good_checksum(std::string_view header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    sum += i >= 148 && i < 156 ? std::uint64_t{' '} : static_cast<unsigned char>(header[i]);
  }
  return parse_number(header.substr(148, 8)) == sum;
}

std::string normalised(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path == "." ? "" : std::string(path);
}

/// What extended headers say of the next entry.
struct Extensions {
  std::optional<std::string> path, link_target;
  std::optional<std::uint64_t> size_bytes;
};

class IndexReader {
 public:
  explicit IndexReader(const RandomAccess& file) : file_(file) {}

  std::vector<TarMember> read() {
    for (;;) {
      const std::string header = block();
      if (std::all_of(header.begin(), header.end(), [](char c) { return c == '\0'; })) return std::move(members_);
      if (!has_good_checksum(header)) refuse("a header has a wrong checksum");
      on_header(header);
    }
  }

 private:
  std::string block() { return text(kBlockBytes); }

  std::string text(std::uint64_t size_bytes) {
    if (size_bytes > file_.size_bytes() || at_ > file_.size_bytes() - size_bytes) refuse("it is truncated");
    std::string bytes(static_cast<std::size_t>(size_bytes), '\0');
    file_.read_at(at_, std::as_writable_bytes(std::span(bytes)));
    at_ += size_bytes;
    return bytes;
  }

  void skip(std::uint64_t size_bytes) {
    const std::uint64_t whole = size_bytes + tar_padding_bytes(size_bytes);
    if (whole < size_bytes || whole > file_.size_bytes() || at_ > file_.size_bytes() - whole) {
      refuse("it is truncated");
    }
    at_ += whole;
  }

  std::string extension(std::uint64_t size_bytes) {
    if (size_bytes == 0 || size_bytes > kMaxExtensionBytes) refuse("an extended header has an odd size");
    std::string bytes = text(size_bytes);
    at_ += tar_padding_bytes(size_bytes);
    return bytes;
  }

  void on_header(const std::string& header) {
    const std::string_view view(header);
    const std::uint64_t size_bytes = parse_number(view.substr(124, 12));
    switch (view[156]) {
      case 'x':
        return read_pax(extension(size_bytes));
      case 'g':
        extension(size_bytes);  // of no interest here: names and sizes must not be global
        return;
      case 'L':
        next_.path = until_nul(extension(size_bytes));
        return;
      case 'K':
        next_.link_target = until_nul(extension(size_bytes));
        return;
      case '0':
      case '\0':
        return add(view, TarType::File, size_bytes);
      case '1':
        return add(view, TarType::Hardlink, 0);
      case '2':
        return add(view, TarType::Symlink, 0);
      case '5':
        return add(view, TarType::Directory, 0);
      default:
        refuse(fmt::format("it has an entry of type `{}`", printable(view.substr(156, 1))));
    }
  }

  /// POSIX.1-2017, pax, "pax Extended Header": "%d %s=%s\n", the number being the length of the whole record.
  void read_pax(const std::string& records) {
    std::string_view rest(records);
    while (!rest.empty()) {
      const std::size_t space = rest.substr(0, 20).find(' ');
      if (space == std::string_view::npos) refuse("a pax header is malformed");
      const std::uint64_t length = parse_digits(rest.substr(0, space), 10);
      if (length <= space + 2 || length > rest.size() || rest[length - 1] != '\n') refuse("a pax header is malformed");
      const std::string_view record = rest.substr(space + 1, length - space - 2);
      const std::size_t equals = record.find('=');
      if (equals == std::string_view::npos) refuse("a pax header is malformed");
      on_pax_record(record.substr(0, equals), record.substr(equals + 1));
      rest.remove_prefix(length);
    }
  }

  void on_pax_record(std::string_view key, std::string_view value) {
    if (is_sparse_key(key)) refuse("it has a sparse entry");
    if (value.find('\0') != std::string_view::npos && (key == "path" || key == "linkpath"))
      refuse("a name holds a NUL");
    if (key == "path") next_.path = value;
    if (key == "linkpath") next_.link_target = value;
    if (key == "size") next_.size_bytes = parse_digits(value, 10);
  }

  static std::string short_path(std::string_view header) {
    const std::string name(until_nul(header.substr(0, 100)));
    const bool is_ustar = header.substr(257, 6) == std::string_view("ustar\0", 6);
    const std::string_view prefix = is_ustar ? until_nul(header.substr(345, 155)) : "";
    return prefix.empty() ? name : fmt::format("{}/{}", prefix, name);
  }

  void add(std::string_view header, TarType type, std::uint64_t size_bytes) {
    const Extensions extensions = std::exchange(next_, {});
    TarMember member;
    member.path = normalised(extensions.path.value_or(short_path(header)));
    member.type = type;
    member.offset = at_;
    member.link_target = extensions.link_target.value_or(std::string(until_nul(header.substr(157, 100))));
    if (type == TarType::Hardlink) member.link_target = normalised(member.link_target);  // it names a member
    if (type == TarType::File) member.size_bytes = extensions.size_bytes.value_or(size_bytes);
    skip(member.size_bytes);
    if (member.path.empty()) return;
    if (const std::string why = why_unsafe_path(member.path); !why.empty()) {
      refuse(fmt::format("`{}`: {}", printable(member.path), why));
    }
    if (members_.size() == kMaxMembers) refuse(fmt::format("it has more than {} entries", kMaxMembers));
    if (type != TarType::Directory && !names_.insert(member.path).second) {
      refuse(fmt::format("`{}` is there twice", member.path));
    }
    members_.push_back(std::move(member));
  }

  const RandomAccess& file_;
  std::uint64_t at_ = 0;
  Extensions next_;
  std::vector<TarMember> members_;
  std::set<std::string> names_;
};

void refuse_compressed(const RandomAccess& file) {
  std::array<std::byte, 6> magic{};
  if (file.size_bytes() < magic.size()) return;
  file.read_at(0, magic);
  const std::string_view start = as_text(magic);
  if (!start.starts_with("\x1F\x8B") && !start.starts_with("\x28\xB5\x2F\xFD") &&
      !start.starts_with("\xFD"
                         "7zXZ")) {
    return;
  }
  throw Error(ErrorKind::Foreign, "the archive is compressed as a whole, so its parts cannot be read in place")
      .hint("unpack it once, e.g. with `gunzip`; the layers in it may be compressed");
}

}  // namespace

std::vector<TarMember> read_tar_index(const RandomAccess& file) {
  refuse_compressed(file);
  return IndexReader(file).read();
}

}  // namespace mlbuild
