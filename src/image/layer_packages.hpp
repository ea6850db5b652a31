#pragma once

#include "mlbuild/layer/layer.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

/// What is in a layer, as the value of an annotation: docs/formats/image.md. Canonical JSON.
std::string packages_to_annotation(const std::vector<LayerPackage>& packages);

/// Reads foreign text; nothing for what is malformed or too much to be true.
std::optional<std::vector<LayerPackage>> packages_from_annotation(std::string_view text);

}  // namespace mlbuild
