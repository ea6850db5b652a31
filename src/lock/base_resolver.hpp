#pragma once

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/lock/resolve.hpp"

namespace mlbuild {

/// Fills base_image and interpreter of an image whose base mlbuild did not make. What `previous` (null when it is to be
/// found out anew) has pinned stays: a registry is not even asked, files are looked at for a change. What another image
/// of `now` has found out about the same base is not found out again. Requirements without an interpreter are
/// Error{Spec} at their line.
void resolve_foreign_base(const Spec& spec, const SpecVariant& variant, LockedImage& image, const LockedImage* previous,
                          const Lock& now, const ResolveContext& context);

}  // namespace mlbuild
