#pragma once

#include "draft.hpp"
#include "locked_wheels.hpp"

#include "mlbuild/audit/audit_spec.hpp"

#include <vector>

namespace mlbuild {

std::vector<Draft> unpinned_drafts(const SpecSubject& subject);
std::vector<Draft> unused_drafts(const SpecSubject& subject, const PackageSubject& packages,
                                 const LockedWheels& wheels);
std::vector<Draft> base_drafts(const SpecSubject& subject, const PackageSubject& packages);
std::vector<Draft> spec_compiler_drafts(const SpecSubject& subject, const PackageSubject& packages);
std::vector<Draft> app_drafts(const SpecSubject& subject);

}  // namespace mlbuild
