#include "preferences.hpp"

#include <map>

namespace mlbuild {
namespace {

using Versions = std::map<std::string, std::string>;

void add_versions(const LockedImage& image, const Upgrade& upgrade, Versions& versions) {
  const auto add = [&](const LockedFile& file) {
    if (!upgrade.all && !upgrade.names.contains(file.name)) versions.emplace(file.name, file.version);
  };
  for (const LockedFile& wheel : image.wheels) add(wheel);
  for (const LockedSdist& sdist : image.sdists) add(sdist.sdist);
  for (const LockedFile& dev : image.dev) add(dev);
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

}  // namespace mlbuild
