#pragma once

#include "mlbuild/lock/resolve.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

/// Versions that `image` should stay with, sorted by name: those of the previous lock for the same variant and
/// platform, without what is to be upgraded; then, for names that have none, those of the images resolved before it in
/// this run, so that platforms and variants agree.
std::vector<std::pair<std::string, std::string>> preferences_for(const LockedImage& image,
                                                                 const std::optional<Lock>& previous,
                                                                 const Upgrade& upgrade, const Lock& now);

/// The same for what its source distributions need to be built, by the name of the source distribution.
std::map<std::string, std::vector<std::pair<std::string, std::string>>> build_preferences_for(
    const LockedImage& image, const std::optional<Lock>& previous, const Upgrade& upgrade, const Lock& now);

}  // namespace mlbuild
