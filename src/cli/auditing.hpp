#pragma once

#include "inspecting.hpp"
#include "world.hpp"

#include "mlbuild/audit/finding.hpp"
#include "mlbuild/lock/lock.hpp"
#include "mlbuild/spec/spec.hpp"

namespace mlbuild::cli {

/// Every rule of the audit that looks at images.
AuditResult audit_inspected(const InspectedImage& image, World& world);
/// Every rule that looks at specs, by the lock that answers it.
AuditResult audit_locked(const Spec& spec, const SpecVariant& variant, const LockedImage& image, World& world);

}  // namespace mlbuild::cli
