#pragma once

#include "mlbuild/audit/finding.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// A wheel that could be there instead of another, as its index describes it.
struct Alternative {
  std::string name, version;
  SavedBytes bytes;
  std::optional<std::vector<std::string>> requires_dist;  ///< nothing where the index does not serve metadata
};

/// Asks for the wheel of this project for the image's platform: of the very version, or else the newest one that is not
/// newer. Nothing when there is none or nobody can be asked.
using AlternativeLookup =
    std::function<std::optional<Alternative>(const std::string& project, const std::string& version)>;

}  // namespace mlbuild
