#pragma once

#include "input_fetcher.hpp"

#include "mlbuild/run/build.hpp"

#include <map>
#include <string>

namespace mlbuild {

/// Makes the layers of `steps` (all of kind Layer, state Run): a layer starts as soon as its own inputs are in the
/// store, downloads and layers go side by side, largest first. Returns the facts by step id; facts and cards are kept
/// in the store.
std::map<std::string, LayerFacts> run_layers(const std::vector<const Step*>& steps, const InputFetcher& fetcher,
                                             const BuildContext& context);

}  // namespace mlbuild
