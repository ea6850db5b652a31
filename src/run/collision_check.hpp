#pragma once

#include "mlbuild/plan/plan.hpp"
#include "mlbuild/store/disk_store.hpp"

namespace mlbuild {

/// Layers are made wheel by wheel, so that two wheels fight over a path shows only when they are seen together. Throws
/// Error{Foreign} that names both. A set of wheels that passed is remembered and not read again.
void check_collisions(const Plan& plan, const InstallScheme& scheme, DiskStore& store);

}  // namespace mlbuild
