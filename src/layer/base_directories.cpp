#include "mlbuild/layer/base_directories.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mlbuild {
namespace {

constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint64_t kMostId = 0xFFFF'FFFE;  // chown(2): the highest means "unchanged"

/// The whole of `text` as a number up to `most`.
bool read_number(std::string_view text, int number_base, std::uint64_t most, auto& number) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, number_base);
  if (failure != std::errc() || end != text.data() + text.size() || value > most) return false;
  number = static_cast<std::remove_reference_t<decltype(number)>>(value);
  return true;
}

}  // namespace

std::string to_string(const DirectoryAttributes& attributes) {
  return fmt::format("{:04o} {}:{}", attributes.mode, attributes.uid, attributes.gid);
}

DirectoryAttributes parse_directory_attributes(const std::string& text) {
  const std::string_view all = text;
  const std::size_t space = all.find(' '), colon = all.find(':');
  DirectoryAttributes attributes;
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space ||
      !read_number(all.substr(0, space), 8, kModeBits, attributes.mode) ||
      !read_number(all.substr(space + 1, colon - space - 1), 10, kMostId, attributes.uid) ||
      !read_number(all.substr(colon + 1), 10, kMostId, attributes.gid) || to_string(attributes) != text) {
    throw Error(ErrorKind::Foreign, fmt::format("`{}` is no mode and owner of a directory", printable(text)));
  }
  return attributes;
}

void add_base_directories(KeyCard& card, const BaseDirectories& directories) {
  for (const auto& [path, attributes] : directories) card.set("base directory " + path, to_string(attributes));
}

const BaseDirectories& own_base_directories() {
  static const BaseDirectories directories = {
      {"root", {0700, 0, 0}}, {"run/lock", {01777, 0, 0}}, {"tmp", {01777, 0, 0}}, {"var/tmp", {01777, 0, 0}}};
  return directories;
}

TarEntry directory_entry(std::string_view path, std::int64_t epoch_seconds, const BaseDirectories& below) {
  const auto known = below.find(path);
  const DirectoryAttributes attributes = known == below.end() ? DirectoryAttributes{} : known->second;
  TarEntry entry;
  entry.path = path;
  entry.type = TarType::Directory;
  entry.mode = attributes.mode;
  entry.uid = attributes.uid;
  entry.gid = attributes.gid;
  entry.mtime_seconds = epoch_seconds;
  return entry;
}

}  // namespace mlbuild
