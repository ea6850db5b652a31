#pragma once

#include "google_token.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// The metadata server of Google's machines, clusters and builds (Compute Engine, "VM metadata"). One that the
/// environment names is taken as it is; else a short question finds out whether this is such a machine. Nothing when
/// not, and why in `tried`.
std::unique_ptr<GoogleTokenSource> find_metadata_server(const GoogleContext& context, std::vector<std::string>& tried);

}  // namespace mlbuild
