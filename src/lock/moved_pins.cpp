#include "mlbuild/lock/resolve.hpp"

#include <fmt/format.h>

#include <map>

namespace mlbuild {
namespace {

std::map<std::string, std::string> versions_of(const Lock& lock) {
  std::map<std::string, std::string> versions;
  for (const LockedImage& image : lock.images) {
    for (const LockedFile& wheel : image.wheels) versions[wheel.name] = wheel.version;
    for (const LockedSdist& sdist : image.sdists) {
      versions[sdist.sdist.name] = sdist.sdist.version;
      for (const LockedFile& needed : sdist.build_requirements) {
        versions[fmt::format("{} (builds {})", needed.name, sdist.sdist.name)] = needed.version;
      }
    }
    for (const LockedDeb& deb : image.base) versions["deb:" + deb.name] = deb.version;
    for (const LockedDeb& deb : image.system_runtime) versions["deb:" + deb.name] = deb.version;
    if (image.base_image) versions["base " + image.base_image->reference] = image.base_image->manifest.to_string();
  }
  return versions;
}

}  // namespace

std::vector<std::string> moved_pins(const Lock& before, const Lock& now) {
  const auto old_versions = versions_of(before);
  const auto new_versions = versions_of(now);
  std::vector<std::string> lines;
  for (const auto& [name, version] : new_versions) {
    const auto old = old_versions.find(name);
    if (old == old_versions.end()) lines.push_back(fmt::format("+ {} {}", name, version));
    if (old != old_versions.end() && old->second != version)
      lines.push_back(fmt::format("  {} {} -> {}", name, old->second, version));
  }
  for (const auto& [name, version] : old_versions) {
    if (!new_versions.contains(name)) lines.push_back(fmt::format("- {} {}", name, version));
  }
  return lines;
}

}  // namespace mlbuild
