#pragma once

#include "rules.hpp"
#include "yaml_tree.hpp"

namespace mlbuild::spec {

/// The part of `node` that has the shape `rule` asks for; what does not is a diagnostic with its place and is left out,
/// so that whoever reads the result needs no checks of his own and one mistake is one message. Required keys that are
/// missing are diagnostics too. Never null; a Null node when nothing is left.
YamlPointer check_shape(const YamlPointer& node, const Rule& rule, Diagnostics& diagnostics);

}  // namespace mlbuild::spec
