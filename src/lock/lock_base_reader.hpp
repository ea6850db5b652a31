#pragma once

#include "strict_json.hpp"

#include "mlbuild/lock/lock.hpp"

namespace mlbuild {

/// The parts of a lock that only a base has which mlbuild did not make. Error{Spec} names the member that is wrong.
LockedBaseImage read_base_image(StrictObject object);
LockedScheme read_scheme(StrictObject object);

}  // namespace mlbuild
