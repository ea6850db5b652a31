#include "mlbuild/inspect/image_diff.hpp"

#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace mlbuild {
namespace {

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

/// Two of one name in an image are added up: what is told is what the name costs.
using Packages = std::map<std::pair<std::string, std::string>, PackageChange>;

void add(Packages& packages, const ImageContents& contents, std::string PackageChange::*version,
         ByteCount PackageChange::*bytes) {
  for (const ContentPackage& package : contents.packages) {
    PackageChange& change = packages[{package.kind, package.name}];
    change.kind = package.kind;
    change.name = package.name;
    change.*version = package.version;
    change.*bytes += package.bytes;
  }
}

/// The content of each package, so that a rebuilt wheel of one version is seen, too.
std::map<std::pair<std::string, std::string>, std::multiset<std::pair<std::uint64_t, std::uint32_t>>> contents_of(
    const ImageContents& contents) {
  std::map<std::pair<std::string, std::string>, std::multiset<std::pair<std::uint64_t, std::uint32_t>>> all;
  for (const ContentFile& file : contents.files) {
    const ContentPackage& package = contents.packages[file.package];
    all[{package.kind, package.name}].emplace(file.bytes.plain_bytes, file.crc32);
  }
  return all;
}

std::vector<PackageChange> package_changes(const ImageContents& before, const ImageContents& after) {
  Packages packages;
  add(packages, before, &PackageChange::before_version, &PackageChange::before);
  add(packages, after, &PackageChange::after_version, &PackageChange::after);
  auto old_content = contents_of(before), new_content = contents_of(after);
  std::vector<PackageChange> changes;
  for (auto& [name, change] : packages) {
    if (change.before_version == change.after_version && old_content[name] == new_content[name]) continue;
    changes.push_back(std::move(change));
  }
  std::ranges::stable_sort(changes, std::ranges::greater(), [](const PackageChange& change) {
    return distance(change.before.compressed_bytes, change.after.compressed_bytes);
  });
  return changes;
}

std::string package_name(const ImageContents& contents, const ContentFile& file) {
  const ContentPackage& package = contents.packages[file.package];
  return package.name.empty() ? "" : package.kind + " " + package.name;
}

std::vector<FileChange> file_changes(const ImageContents& before, const ImageContents& after) {
  std::vector<FileChange> changes;
  auto old_file = before.files.begin();
  auto new_file = after.files.begin();
  while (old_file != before.files.end() || new_file != after.files.end()) {
    const bool is_removed =
        new_file == after.files.end() || (old_file != before.files.end() && old_file->path < new_file->path);
    const bool is_added = !is_removed && (old_file == before.files.end() || new_file->path < old_file->path);
    if (is_removed) {
      changes.push_back(
          {old_file->path, package_name(before, *old_file), old_file->bytes.plain_bytes, 0, FileChange::Kind::Removed});
    } else if (is_added || old_file->bytes.plain_bytes != new_file->bytes.plain_bytes ||
               old_file->crc32 != new_file->crc32) {
      changes.push_back({new_file->path, package_name(after, *new_file), is_added ? 0 : old_file->bytes.plain_bytes,
                         new_file->bytes.plain_bytes, is_added ? FileChange::Kind::Added : FileChange::Kind::Changed});
    }
    if (!is_added) ++old_file;
    if (!is_removed) ++new_file;
  }
  std::ranges::stable_sort(changes, std::ranges::greater(),
                           [](const FileChange& change) { return distance(change.before_bytes, change.after_bytes); });
  return changes;
}

ByteCount everything(const ImageContents& contents) {
  ByteCount sum = contents.sum();
  for (const ByteCount& hidden : contents.hidden) sum += hidden;
  return sum;
}

/// Members of a config by name, lists as the user may read them.
std::map<std::string, std::string> members_of(const oci::ImageConfig& config) {
  std::map<std::string, std::string> members{{"platform", config.platform.to_string()},
                                             {"user", config.user},
                                             {"workdir", config.working_dir},
                                             {"entrypoint", join(config.entrypoint, " ")},
                                             {"cmd", join(config.cmd, " ")},
                                             {"ports", join(config.exposed_ports, " ")},
                                             {"volumes", join(config.volumes, " ")},
                                             {"stop signal", config.stop_signal},
                                             {"created", config.created}};
  for (const std::string& variable : config.env) {
    const auto equals = variable.find('=');
    members["env " + variable.substr(0, equals)] = equals == std::string::npos ? "" : variable.substr(equals + 1);
  }
  for (const auto& [name, value] : config.labels) members["label " + name] = value;
  return members;
}

}  // namespace

std::vector<ConfigChange> diff_configs(const oci::ImageConfig& before, const oci::ImageConfig& after) {
  std::map<std::string, ConfigChange> changes;
  for (const auto& [name, value] : members_of(before)) changes[name] = {name, value, ""};
  for (const auto& [name, value] : members_of(after)) {
    changes[name].name = name;
    changes[name].after = value;
  }
  std::vector<ConfigChange> differing;
  for (auto& [name, change] : changes) {
    if (change.before != change.after) differing.push_back(std::move(change));
  }
  return differing;
}

ImageDiff diff_images(const ImageContents& before, const ImageContents& after) {
  return {package_changes(before, after), file_changes(before, after), {}, everything(before), everything(after)};
}

}  // namespace mlbuild
