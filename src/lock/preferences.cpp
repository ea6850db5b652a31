#include "preferences.hpp"

#include <map>

namespace mlbuild {
namespace {

using Versions = std::map<std::string, std::string>;

void add_version(const LockedFile& file, const Upgrade& upgrade, Versions& versions) {
  if (!upgrade.all && !upgrade.names.contains(file.name)) versions.emplace(file.name, file.version);
}

void add_versions(const LockedImage& image, const Upgrade& upgrade, Versions& versions) {
  for (const LockedFile& wheel : image.wheels) add_version(wheel, upgrade, versions);
  for (const LockedSdist& sdist : image.sdists) add_version(sdist.sdist, upgrade, versions);
  for (const LockedFile& dev : image.dev) add_version(dev, upgrade, versions);
}

void add_build_versions(const LockedImage& image, const Upgrade& upgrade, std::map<std::string, Versions>& versions) {
  for (const LockedSdist& sdist : image.sdists) {
    for (const LockedFile& file : sdist.build_requirements) add_version(file, upgrade, versions[sdist.sdist.name]);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> preferences_for(const LockedImage& image,
                                                                 const std::optional<Lock>& previous,
                                                                 const Upgrade& upgrade, const Lock& now) {
  Versions versions;
  const LockedImage* before = previous ? previous->find(image.variant, image.platform) : nullptr;
  if (before != nullptr) add_versions(*before, upgrade, versions);
  for (const LockedImage& resolved : now.images) add_versions(resolved, Upgrade{}, versions);
  return {versions.begin(), versions.end()};
}

std::map<std::string, std::vector<std::pair<std::string, std::string>>> build_preferences_for(
    const LockedImage& image, const std::optional<Lock>& previous, const Upgrade& upgrade, const Lock& now) {
  std::map<std::string, Versions> versions;
  const LockedImage* before = previous ? previous->find(image.variant, image.platform) : nullptr;
  if (before != nullptr) add_build_versions(*before, upgrade, versions);
  for (const LockedImage& resolved : now.images) add_build_versions(resolved, Upgrade{}, versions);
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> preferences;
  for (const auto& [sdist, pins] : versions) {
    if (!pins.empty()) preferences[sdist].assign(pins.begin(), pins.end());
  }
  return preferences;
}

}  // namespace mlbuild
