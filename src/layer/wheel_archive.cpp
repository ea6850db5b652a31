#include "wheel_archive.hpp"

#include "member_hash.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/python/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace mlbuild {
namespace {

constexpr std::uint64_t kMetadataLimitBytes = std::uint64_t{16} << 20U;
constexpr std::uint64_t kRecordLimitBytes = std::uint64_t{256} << 20U;  // 2^20 members of 200 bytes

// A guard against bombs, far above what real wheels do (3 to 8 times).
constexpr std::uint64_t kAlwaysAllowedPlainBytes = std::uint64_t{1} << 30U;
constexpr std::uint64_t kMaximalExpansion = 100;

// st_mode of the member, as unix zip tools store it in the upper half of the external attributes.
constexpr std::uint32_t kTypeMask = 0170000;
constexpr std::uint32_t kRegular = 0100000;
constexpr std::uint32_t kSymlink = 0120000;

void check_member(const ZipMember& member) {
  if (const std::string why = why_unsafe_path(member.name); !why.empty()) {
    throw Error(ErrorKind::Foreign, fmt::format("member `{}`: {}", printable(member.name), why));
  }
  // Its layer would delete files of the layers below: OCI image-spec, layer.md, "Whiteouts".
  for (const std::string_view part : split(member.name, '/')) {
    if (part.starts_with(".wh.")) {
      throw Error(ErrorKind::Foreign, fmt::format("member `{}` would delete files of a layer", printable(member.name)));
    }
  }
  const std::uint32_t type = member.unix_mode() & kTypeMask;
  if (type == kSymlink) throw Error(ErrorKind::Foreign, fmt::format("member `{}` is a symbolic link", member.name));
  if (type != 0 && type != kRegular) {
    throw Error(ErrorKind::Foreign, fmt::format("member `{}` is no regular file", member.name));
  }
}

void check_duplicate(const RandomAccess& file, const ZipMember& first, const ZipMember& second) {
  const bool equal = first.size_bytes == second.size_bytes && first.crc32 == second.crc32 &&
                     hash_member(file, first) == hash_member(file, second);
  if (!equal)
    throw Error(ErrorKind::Foreign, fmt::format("member `{}` is there twice with different content", first.name));
}

void check_expansion(const std::vector<ZipMember>& members, std::uint64_t wheel_size_bytes) {
  const std::uint64_t limit = std::max(kAlwaysAllowedPlainBytes, wheel_size_bytes * kMaximalExpansion);
  std::uint64_t plain_bytes = 0;
  for (const ZipMember& member : members) {
    if (member.size_bytes > limit - plain_bytes) {
      throw Error(ErrorKind::Foreign, fmt::format("expands to more than {} times its size", kMaximalExpansion));
    }
    plain_bytes += member.size_bytes;
  }
}

/// Files sorted by name; equal duplicates once. Directory members are dropped: pip makes no empty directories.
std::vector<ZipMember> read_members(const RandomAccess& file) {
  std::vector<ZipMember> members = read_zip_directory(file);
  std::erase_if(members, [](const ZipMember& member) {
    if (!member.is_directory()) return false;
    if (const std::string why = why_unsafe_path(member.name.substr(0, member.name.size() - 1)); !why.empty()) {
      throw Error(ErrorKind::Foreign, fmt::format("member `{}`: {}", printable(member.name), why));
    }
    return true;
  });
  for (const ZipMember& member : members) check_member(member);
  check_expansion(members, file.size_bytes());
  const auto by_name = [](const ZipMember& a, const ZipMember& b) { return a.name < b.name; };
  std::stable_sort(members.begin(), members.end(), by_name);
  const auto same = [&](const ZipMember& a, const ZipMember& b) {
    if (a.name != b.name) return false;
    check_duplicate(file, a, b);
    return true;
  };
  members.erase(std::unique(members.begin(), members.end(), same), members.end());
  return members;
}

const ZipMember* find_member(const std::vector<ZipMember>& members, std::string_view name) {
  const auto found =
      std::lower_bound(members.begin(), members.end(), name,
                       [](const ZipMember& member, std::string_view wanted) { return member.name < wanted; });
  return found != members.end() && found->name == name ? &*found : nullptr;
}

/// The text of a file in dist-info; nullopt when absent.
std::optional<std::string> read_info(const WheelArchive& wheel, std::string_view name, std::uint64_t limit_bytes) {
  const ZipMember* member = find_member(wheel.members, fmt::format("{}/{}", wheel.dist_info, name));
  if (member == nullptr) return std::nullopt;
  return std::string(as_text(read_zip_member(*wheel.file, *member, limit_bytes)));
}

std::string require_info(const WheelArchive& wheel, std::string_view name, std::uint64_t limit_bytes) {
  std::optional<std::string> text = read_info(wheel, name, limit_bytes);
  if (!text) throw Error(ErrorKind::Foreign, fmt::format("`{}/{}` is missing", wheel.dist_info, name));
  return *std::move(text);
}

std::string find_dist_info(const std::vector<ZipMember>& members) {
  constexpr std::string_view kSuffix = ".dist-info";
  std::set<std::string_view> found;
  for (const ZipMember& member : members) {
    const std::string_view top = std::string_view(member.name).substr(0, member.name.find('/'));
    if (top.size() < member.name.size() && top.ends_with(kSuffix)) found.insert(top);
  }
  if (found.empty()) throw Error(ErrorKind::Foreign, "no `.dist-info` directory");
  if (found.size() > 1) {
    throw Error(ErrorKind::Foreign,
                fmt::format("two `.dist-info` directories: `{}` and `{}`", *found.begin(), *found.rbegin()));
  }
  return std::string(*found.begin());
}

bool same_name(std::string_view a, std::string_view b) {
  return python::normalize_name(a) == python::normalize_name(b);
}

bool same_version(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left = python::Version::parse(a);
  const auto right = python::Version::parse(b);
  return left && right && *left == *right;
}

void check_identity(const WheelArchive& wheel) {
  const auto differs = [&](std::string_view what, std::string_view found) {
    return Error(ErrorKind::Foreign, fmt::format("{} `{}` does not fit the file name", what, printable(found)));
  };
  const std::string_view stem = std::string_view(wheel.dist_info).substr(0, wheel.dist_info.rfind('.'));
  const auto dash = stem.rfind('-');
  if (dash == std::string_view::npos || !same_name(stem.substr(0, dash), wheel.filename.distribution) ||
      !same_version(stem.substr(dash + 1), wheel.filename.version)) {
    throw differs("directory", wheel.dist_info);
  }
  if (!same_name(wheel.metadata.name, wheel.filename.distribution)) throw differs("METADATA name", wheel.metadata.name);
  if (!same_version(wheel.metadata.version, wheel.filename.version))
    throw differs("METADATA version", wheel.metadata.version);
}

/// PEP 427, "Recommended installer features": a greater minor version is only worth a warning, a greater major one is
/// refused.
void check_wheel_version(WheelArchive& wheel) {
  const std::string& version = wheel.wheel.wheel_version;
  if (version == "1.0") return;
  if (!version.starts_with("1.") && version != "1") {
    throw Error(ErrorKind::Foreign, fmt::format("Wheel-Version `{}` is not supported", printable(version)));
  }
  wheel.warnings.push_back(fmt::format("Wheel-Version `{}` is newer than 1.0", printable(version)));
}

void check_requires_python(WheelArchive& wheel, const InstallScheme& scheme) {
  const std::string& specifier = wheel.metadata.requires_python;
  if (specifier.empty()) return;
  const auto interpreter = python::Version::parse(scheme.python_full_version);
  if (!interpreter) {
    throw Error(ErrorKind::Internal, fmt::format("interpreter version `{}` is no version", scheme.python_full_version));
  }
  bool met = true;
  try {
    met = python::satisfies(*interpreter, specifier);
  } catch (const Error& error) {  // as pip: an unreadable specifier asks for nothing
    wheel.warnings.push_back(fmt::format("Requires-Python `{}`: {}", printable(specifier), error.message()));
  }
  if (!met) {
    throw Error(ErrorKind::Foreign,
                fmt::format("requires Python `{}`, the image has {}", printable(specifier), scheme.python_full_version))
        .hint("lock again for this interpreter, or choose another base");
  }
}

bool share(const std::vector<std::string>& names, std::string_view compressed) {
  const std::vector<std::string_view> parts = split(compressed, '.');
  return std::ranges::any_of(parts, [&](std::string_view part) { return std::ranges::count(names, part) != 0; });
}

/// PEP 425, "Compressed Tag Sets", which some tools write in WHEEL, too. Never multiplied out: sets have a tag in
/// common when each of their parts has.
bool has_tag_of(const python::WheelFilename& name, std::string_view tag) {
  const std::vector<std::string_view> parts = split(tag, '-');
  return parts.size() == 3 && share(name.python_tags, parts[0]) && share(name.abi_tags, parts[1]) &&
         share(name.platform_tags, parts[2]);
}

/// The file name counts. Build tools often leave aliases out on one side, so only a WHEEL that has no tag of the file
/// name is worth a warning.
void compare_tags(WheelArchive& wheel) {
  const auto fits = [&](const std::string& tag) { return has_tag_of(wheel.filename, tag); };
  if (std::ranges::none_of(wheel.wheel.tags, fits)) wheel.warnings.emplace_back("no tag of the file name is in WHEEL");
}

}  // namespace

WheelArchive open_wheel(const WheelInput& input, const InstallScheme& scheme, BlobStore& blobs) {
  WheelArchive wheel;
  wheel.input = input;
  wheel.filename = python::WheelFilename::parse(input.filename);
  wheel.file = blobs.open(input.digest);
  wheel.members = read_members(*wheel.file);
  wheel.dist_info = find_dist_info(wheel.members);
  wheel.metadata = python::Metadata::parse(require_info(wheel, "METADATA", kMetadataLimitBytes));
  wheel.wheel = python::WheelFile::parse(require_info(wheel, "WHEEL", kMetadataLimitBytes));
  wheel.record = python::parse_record(require_info(wheel, "RECORD", kRecordLimitBytes));
  if (const auto text = read_info(wheel, "entry_points.txt", kMetadataLimitBytes)) {
    wheel.entry_points = python::parse_entry_points(*text);
  }
  check_identity(wheel);
  check_wheel_version(wheel);
  check_requires_python(wheel, scheme);
  compare_tags(wheel);
  return wheel;
}

}  // namespace mlbuild
