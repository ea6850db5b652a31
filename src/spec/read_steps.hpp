#pragma once

#include "read_variant.hpp"

#include <vector>

namespace mlbuild::spec {

/// `steps:` of a tree that check_shape() passed.
std::vector<CommandStep> read_steps(const YamlNode& root, const ReadContext& context);

}  // namespace mlbuild::spec
