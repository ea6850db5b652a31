#pragma once

#include "mlbuild/oci/oci.hpp"

#include <vector>

namespace mlbuild {

/// The child for the platform, or nullptr; attestations and other architectures are passed over. Without a variant
/// asked for, one with a variant is as good (linux/arm64 is often written linux/arm64/v8).
const oci::Descriptor* find_child(const std::vector<oci::Descriptor>& children, const oci::Platform& platform);

/// The same for who needs one. Throws Error{Spec} that says what there is.
const oci::Descriptor& child_for(const std::vector<oci::Descriptor>& children, const oci::Platform& platform);

/// Whether an image that says `has` is one for `wanted`.
bool is_for(const oci::Platform& has, const oci::Platform& wanted);

}  // namespace mlbuild
