#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace mlbuild::cli {

/// A document for stdout. Names of files may be no UTF-8: what cannot be written becomes U+FFFD, as in all reports.
inline std::string json_text(const nlohmann::json& value, int indent = -1) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace mlbuild::cli
