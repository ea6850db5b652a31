#include "mlbuild/layer/base_directories.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mlbuild {
namespace {

constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint64_t kMostId = 0xFFFF'FFFF;  // as read_tar(), though chown(2) takes the last for "unchanged"

}  // namespace

std::string to_string(const DirectoryAttributes& attributes) {
  return fmt::format("{:04o} {}:{}", attributes.mode, attributes.uid, attributes.gid);
}

DirectoryAttributes parse_directory_attributes(const std::string& text) {
  DirectoryAttributes attributes;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto read = [&](auto& number, int number_base) {
    at = std::from_chars(at, end, number, number_base).ptr;
    if (at != end) ++at;
  };
  read(attributes.mode, 8);
  read(attributes.uid, 10);
  read(attributes.gid, 10);
  // Written again it is the same, so what stood between the numbers was right.
  if (attributes.mode > kModeBits || attributes.uid > kMostId || attributes.gid > kMostId ||
      to_string(attributes) != text) {
    throw Error(ErrorKind::Foreign, fmt::format("`{}` is no mode and owner of a directory", printable(text)));
  }
  return attributes;
}

void add_base_directories(KeyCard& card, const BaseDirectories& directories) {
  for (const auto& [path, attributes] : directories) card.set("base directory " + path, to_string(attributes));
}

const BaseDirectories& skeleton_directories() {
  static const BaseDirectories directories = {
      {"root", {0700, 0, 0}}, {"run/lock", {01777, 0, 0}}, {"tmp", {01777, 0, 0}}, {"var/tmp", {01777, 0, 0}}};
  return directories;
}

const BaseDirectories& own_base_directories() {
  static const BaseDirectories directories = [] {
    BaseDirectories all = skeleton_directories();
    all["var/local"] = {02775, 0, 50};
    all["var/mail"] = {02775, 0, 8};
    return all;
  }();
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
