#include "overlay_marks.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace mlbuild {
namespace {

/// Trees add these bits, so that their owner can read them without capabilities.
std::uint32_t added_mode(bool is_directory) { return is_directory ? 0700 : 0400; }

}  // namespace

std::vector<std::string> list_attributes(const std::filesystem::path& path) {
  std::string names;
  for (;;) {
    const ssize_t needed = ::llistxattr(path.c_str(), nullptr, 0);
    if (needed < 0 && errno == ENOTSUP) return {};
    if (needed < 0) throw_errno(errno, "list the attributes of", path);
    names.resize(static_cast<std::size_t>(needed));
    const ssize_t got = ::llistxattr(path.c_str(), names.data(), names.size());
    if (got < 0 && errno == ERANGE) continue;
    if (got < 0) throw_errno(errno, "list the attributes of", path);
    names.resize(static_cast<std::size_t>(got));
    break;
  }
  std::vector<std::string> list;
  for (const std::string_view name : split(names, '\0')) {
    if (!name.empty()) list.emplace_back(name);
  }
  return list;
}

std::string read_attribute(const std::filesystem::path& path, const char* name) {
  std::array<char, 256> value{};
  const ssize_t got = ::lgetxattr(path.c_str(), name, value.data(), value.size());
  if (got >= 0) return {value.data(), static_cast<std::size_t>(got)};
  if (errno == ENODATA || errno == ENOTSUP) return {};
  throw_errno(errno, "read an attribute of", path);
}

bool is_whiteout(const std::filesystem::path& path, const struct stat& status) {
  if (S_ISCHR(status.st_mode)) return status.st_rdev == makedev(0, 0);
  if (!S_ISREG(status.st_mode) || status.st_size != 0) return false;
  std::array<char, 1> ignored{};
  return ::lgetxattr(path.c_str(), kWhiteoutAttribute, ignored.data(), ignored.size()) >= 0 || errno == ERANGE;
}

bool is_opaque(const std::filesystem::path& directory) { return read_attribute(directory, kOpaqueAttribute) == "y"; }

std::uint32_t mode_in_tree(const TarEntry& entry) {
  return (entry.mode & 07777U) | added_mode(entry.type == TarType::Directory);
}

bool shows_truth(const TarEntry& entry) {
  return entry.uid == 0 && entry.gid == 0 && mode_in_tree(entry) == entry.mode;
}

std::string to_attribute(const TarEntry& entry) { return fmt::format("{} {} {:o}", entry.uid, entry.gid, entry.mode); }

TrueEntry true_entry(const std::filesystem::path& path, const struct stat& status, std::uint64_t uid,
                     std::uint64_t gid) {
  TrueEntry entry{uid, gid, status.st_mode & 07777U};
  const std::string text = read_attribute(path, kEntryAttribute);
  const std::vector<std::string_view> fields = split(text, ' ');
  if (fields.size() != 3) return entry;
  entry.uid = std::strtoull(std::string(fields[0]).c_str(), nullptr, 10);
  entry.gid = std::strtoull(std::string(fields[1]).c_str(), nullptr, 10);
  const auto mode = static_cast<std::uint32_t>(std::strtoul(std::string(fields[2]).c_str(), nullptr, 8));
  if (entry.mode == (mode | added_mode(S_ISDIR(status.st_mode)))) entry.mode = mode;
  return entry;
}

}  // namespace mlbuild
