#pragma once

#include "mlbuild/spec/spec.hpp"

#include <nlohmann/json_fwd.hpp>

namespace mlbuild {

/// The base as the spec has it, among what decides an image and among what a lock answers.
nlohmann::json base_part(const SpecVariant& variant);

}  // namespace mlbuild
