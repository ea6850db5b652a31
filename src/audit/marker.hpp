#pragma once

#include "mlbuild/python/marker.hpp"

#include <string_view>

namespace mlbuild {

/// Whether a marker holds. What cannot be read holds: a need too many costs a finding, one too few a wrong one.
bool may_hold(std::string_view marker, const python::MarkerEnvironment& environment);

}  // namespace mlbuild
