#pragma once

#include "world.hpp"

#include "mlbuild/audit/alternative.hpp"
#include "mlbuild/python/tags.hpp"
#include "mlbuild/spec/spec.hpp"

namespace mlbuild::cli {

/// Asks the index that the spec routes the project to, else this machine's. What cannot be reached is nothing, and is
/// asked once. `variant`: null for an image.
AlternativeLookup alternatives_of(const SpecVariant* variant, const python::TargetPlatform& target, World& world);

}  // namespace mlbuild::cli
