#pragma once

#include "mlbuild/audit/finding.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace mlbuild {

/// A rule of the audit as the user knows it: one row of the table in docs/audit.md.
struct AuditRule {
  std::string_view id;
  Severity severity;
  std::string_view looks_at;   ///< "spec", "image", "spec, image"
  std::string_view condition;  ///< when it fires
  std::string_view way_out;
  std::string_view patch;  ///< what --apply does; "" nothing
};
std::span<const AuditRule> audit_rules();
/// Throws Error{Usage} with the nearest id.
const AuditRule& audit_rule(std::string_view id);

}  // namespace mlbuild
