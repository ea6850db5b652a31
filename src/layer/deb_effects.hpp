#pragma once

#include "deb_tree.hpp"

#include "mlbuild/debian/scripts.hpp"
#include "mlbuild/layer/deb_layer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlbuild {

/// The skeleton of a root that no package ships: merged-usr links, mount points, /tmp; and the /usr/local venv when
/// asked for.
void add_base_skeleton(DebTree& tree, const DebLayerParameters& parameters);

/// What the maintainer scripts of all packages together did to the root.
void apply_effects(DebTree& tree, const std::vector<debian::ScriptEffect>& effects,
                   const DebLayerParameters& parameters);

}  // namespace mlbuild
