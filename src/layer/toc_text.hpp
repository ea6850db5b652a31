#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace mlbuild {

/// A table of contents as canonical JSON. Error{Foreign} for names that are not UTF-8, which JSON cannot say.
std::string toc_text(const nlohmann::json& toc);

}  // namespace mlbuild
