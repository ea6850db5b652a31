#pragma once

#include "value_reader.hpp"

namespace mlbuild::spec {

SizeBudget read_budget(const YamlNode* node, Diagnostics& diagnostics);

}  // namespace mlbuild::spec
