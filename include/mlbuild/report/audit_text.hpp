#pragma once

#include "mlbuild/audit/finding.hpp"

#include <string>

namespace mlbuild {

/// Findings, the most bytes first, with evidence, way out and what all save together. `subject`: as the user named it.
std::string audit_text(const std::string& subject, const AuditResult& result);
/// {"findings":[...],"notes":[...],"subject":"...","total":{...}}.
std::string audit_json(const std::string& subject, const AuditResult& result);

}  // namespace mlbuild
