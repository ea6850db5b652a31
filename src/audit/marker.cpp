#include "marker.hpp"

#include "mlbuild/base/error.hpp"

namespace mlbuild {

bool may_hold(std::string_view marker, const python::MarkerEnvironment& environment) {
  try {
    return python::marker_holds(marker, environment);
  } catch (const Error&) {
    return true;
  }
}

}  // namespace mlbuild
