#pragma once

#include "yaml_tree.hpp"

#include "mlbuild/spec/spec.hpp"

namespace mlbuild::spec {

/// Reads `config`; `node` is null when the spec has none.
RunConfig read_config(const YamlNode* node, Diagnostics& diagnostics);

}  // namespace mlbuild::spec
