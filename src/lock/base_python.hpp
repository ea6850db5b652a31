#pragma once

#include "base_probe.hpp"
#include "base_tree.hpp"

#include "mlbuild/lock/lock.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace mlbuild {

/// "3.11": the shape that a lock may have.
bool is_minor_python(std::string_view version);

struct FoundPython {
  std::optional<LockedInterpreter> interpreter;  ///< with its scheme
  NoInterpreter without;
};

/// The interpreter that `python` or `python3` is for who runs a command in the image: searched along its PATH, links
/// followed, as CPython's getpath finds its prefix. docs/base-images.md says what is looked at.
FoundPython find_base_python(const BaseTree& tree, const oci::ImageConfig& config, const oci::Platform& platform,
                             const LockedBaseDebian& debian);

/// Python projects in purelib, with what lies there for them.
std::vector<LockedBaseProject> base_projects(const BaseTree& tree, const LockedScheme& scheme);

}  // namespace mlbuild
