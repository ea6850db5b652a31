#pragma once

#include "deb_tree.hpp"

#include "mlbuild/debian/deb_file.hpp"
#include "mlbuild/layer/deb_layer.hpp"

#include <string>
#include <vector>

namespace mlbuild {

/// Writes what scanners read to know the packages of an image: status.d/<package> and <package>.md5sums, one pair per
/// package so that layers add up; or the classic `status` and info/ files, for the only layer that has them.
void add_dpkg_database(DebTree& tree, const std::vector<debian::DebControl>& controls, DpkgDatabase form);

}  // namespace mlbuild
