#pragma once

#include "mlbuild/audit/finding.hpp"

#include <nlohmann/json.hpp>

#include <vector>

namespace mlbuild {

/// What the audit found, as its JSON and the page have it.
nlohmann::json findings_value(const std::vector<Finding>& findings);
nlohmann::json saved_bytes_value(const SavedBytes& saved);  ///< bytes that are not known are null

}  // namespace mlbuild
