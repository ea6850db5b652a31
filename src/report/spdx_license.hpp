#pragma once

#include "mlbuild/inspect/contents.hpp"

#include <string>

namespace mlbuild {

/// The SPDX expression (SPDX 2.3, annex D) that a package's own words amount to; "" when they are not clear. Nothing is
/// guessed: "BSD" may be one of three licences.
std::string spdx_license(const PackageDescription& package);

}  // namespace mlbuild
