#pragma once

#include "deb_tree.hpp"

#include "mlbuild/debian/deb_file.hpp"
#include "mlbuild/layer/deb_layer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// Writes what scanners read to know the packages of an image: status.d/<package> and <package>.md5sums, one pair per
/// package so that layers add up; or the classic `status` and info/ files. `base_status`: the text of a layer below,
/// which this one's file hides, so it begins with it.
void add_dpkg_database(DebTree& tree, const std::vector<debian::DebControl>& controls, DpkgDatabase form,
                       const std::optional<std::string>& base_status = std::nullopt);

}  // namespace mlbuild
