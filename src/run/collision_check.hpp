#pragma once

#include "mlbuild/plan/plan.hpp"
#include "mlbuild/run/build.hpp"

namespace mlbuild {

/// Layers are made wheel by wheel, so that two wheels fight over a path shows only when they are seen together. Throws
/// Error{Foreign} that names both. A set of wheels that passed is remembered and not read again, here or in the image
/// of a registry that has all of their layers. Wheels that are in no image together and not all in the store are
/// checked as far as they are, with a warning: fetching the others would be what the registry spares.
void check_collisions(const Plan& plan, const InstallScheme& scheme, const python::PrunePolicy& prune,
                      const BuildContext& context);

}  // namespace mlbuild
