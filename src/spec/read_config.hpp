#pragma once

#include "yaml_tree.hpp"

#include "mlbuild/spec/spec.hpp"

#include <map>
#include <string>

namespace mlbuild::spec {

/// `env` below `owner`, which may be null.
std::map<std::string, std::string> read_env(const YamlNode* owner, Diagnostics& diagnostics);

/// Reads `config`; `node` is null when the spec has none.
RunConfig read_config(const YamlNode* node, Diagnostics& diagnostics);

}  // namespace mlbuild::spec
