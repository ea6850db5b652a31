#pragma once

#include "base_tree.hpp"

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <functional>
#include <optional>
#include <string>

namespace mlbuild {

/// Why there is no interpreter to install packages for, with the way out.
struct NoInterpreter {
  std::string why, hint;
};

/// What a base is, found in its layers without running anything of it.
struct BaseFacts {
  std::optional<LockedInterpreter> interpreter;
  NoInterpreter without;  ///< when there is none that can be used
  LockedBaseDebian debian;
  std::vector<LockedBaseProject> projects;
  BaseDirectories directories;
};

/// Streams the layers of an image once, bottom to top, checks digests and diffIDs, and puts the root together.
struct ReadLayers {
  BaseTree tree;
  std::vector<LockedBaseLayer> layers;
};
ReadLayers read_base_layers(BaseSource& source, const PulledImage& image, const Cancellation& cancellation,
                            const std::function<void(const std::string&)>& on_activity);

/// `config` tells PATH, `platform` the architecture.
BaseFacts base_facts(const BaseTree& tree, const oci::ImageConfig& config, const oci::Platform& platform);

}  // namespace mlbuild
