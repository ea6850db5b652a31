#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/run/build.hpp"

#include <vector>

namespace mlbuild {

/// Runs the command of a step in the sandbox over the layers below it (bottom to top; `layers` gives their bytes), and
/// keeps what it changed as a layer: blob, facts under the card's key, card. Throws Error{Step} at the command's place
/// in the spec with its last words, and keeps nothing then.
LayerFacts run_command(const Step& step, const std::vector<ImageLayer>& below, BlobStore& layers,
                       const BuildRequest& request, const BuildContext& context);

}  // namespace mlbuild
