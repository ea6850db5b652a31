#pragma once

#include "value_reader.hpp"

namespace mlbuild::spec {

python::PrunePolicy read_prune(const YamlNode* node, Diagnostics& diagnostics);

}  // namespace mlbuild::spec
