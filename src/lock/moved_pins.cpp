#include "mlbuild/base/text.hpp"
#include "mlbuild/lock/resolve.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace mlbuild {
namespace {

using Versions = std::map<std::string, std::string>;

void add_sdist(Versions& versions, const LockedSdist& sdist) {
  versions[sdist.sdist.name] = sdist.sdist.version;
  for (const LockedFile& needed : sdist.build_requirements)
    versions[fmt::format("{} (builds {})", needed.name, sdist.sdist.name)] = needed.version;
}

Versions versions_of(const LockedImage& image) {
  Versions versions;
  for (const LockedFile& wheel : image.wheels) versions[wheel.name] = wheel.version;
  for (const LockedFile& wheel : image.dev) versions[wheel.name + " (dev)"] = wheel.version;
  for (const LockedSdist& sdist : image.sdists) add_sdist(versions, sdist);
  for (const LockedDeb& deb : image.base) versions["deb:" + deb.name] = deb.version;
  for (const LockedDeb& deb : image.system_runtime) versions["deb:" + deb.name] = deb.version;
  for (const LockedDeb& deb : image.system_build) versions["deb:" + deb.name + " (build)"] = deb.version;
  if (image.base_image) versions["base " + image.base_image->reference] = image.base_image->manifest.to_string();
  return versions;
}

std::string label_of(const LockedImage& image) {
  const std::string platform = image.platform.to_string();
  return image.variant.empty() ? platform : image.variant + " " + platform;
}

/// Lines by name, each with the images that it is about.
class Moves {
 public:
  Moves(const Lock& before, const Lock& now) {
    for (const Lock* lock : {&before, &now}) {
      for (const LockedImage& image : lock->images) remember(image, lock == &before ? before_ : now_);
    }
    for (const LockedImage& image : now.images) compare(before.find(image.variant, image.platform), image);
    for (const LockedImage& image : before.images) {
      if (now.find(image.variant, image.platform) == nullptr) add_gone(image, now_);
    }
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto* moves : {&arrived_, &gone_}) {
      for (const auto& [name, by_line] : *moves) {
        for (const auto& [line, images] : by_line) lines.push_back(line + images_where_they_differ(name, images));
      }
    }
    return lines;
  }

 private:
  using Lines = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

  void remember(const LockedImage& image, Versions& all) {
    for (const auto& [name, version] : versions_of(image)) {
      all[name] = version;
      holders_[name].insert(label_of(image));
    }
  }

  /// Of an image that is new itself, only what no other had is news.
  void compare(const LockedImage* before, const LockedImage& now) {
    const Versions old_versions = before == nullptr ? before_ : versions_of(*before);
    for (const auto& [name, version] : versions_of(now)) {
      const auto old = old_versions.find(name);
      if (old == old_versions.end()) {
        arrived_[name][fmt::format("+ {} {}", name, version)].push_back(label_of(now));
      } else if (before != nullptr && old->second != version) {
        arrived_[name][fmt::format("  {} {} -> {}", name, old->second, version)].push_back(label_of(now));
      }
    }
    if (before != nullptr) add_gone(*before, versions_of(now));
  }

  void add_gone(const LockedImage& before, const Versions& now) {
    for (const auto& [name, version] : versions_of(before)) {
      if (!now.contains(name)) gone_[name][fmt::format("- {} {}", name, version)].push_back(label_of(before));
    }
  }

  std::string images_where_they_differ(const std::string& name, const std::vector<std::string>& images) const {
    return images.size() == holders_.at(name).size() ? "" : fmt::format(" ({})", join(images, ", "));
  }

  Versions before_, now_;  // of any image
  std::map<std::string, std::set<std::string>> holders_;
  Lines arrived_, gone_;
};

}  // namespace

std::vector<std::string> moved_pins(const Lock& before, const Lock& now) { return Moves(before, now).lines(); }

}  // namespace mlbuild
