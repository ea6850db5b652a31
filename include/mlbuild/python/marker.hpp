#pragma once

#include <string>
#include <string_view>

namespace mlbuild::python {

/// What environment markers ask about: CPython on Linux.
struct MarkerEnvironment {
  std::string python_full_version = "3.11.0";
  std::string machine = "x86_64";  ///< platform_machine
  std::string extra;               ///< "" for none
};

/// "Dependency specifiers", "Environment Markers". An empty marker holds. Versions are compared as versions where both
/// sides are some, else as text, as pip does. Throws Error{Foreign} for what is no marker.
bool marker_holds(std::string_view marker, const MarkerEnvironment& environment);

}  // namespace mlbuild::python
