#pragma once

#include "input_fetcher.hpp"

#include "mlbuild/run/build.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mlbuild {

/// The builds from source that some layers wait for.
struct SdistRun {
  std::vector<const Step*> steps;
  std::function<void(const Step&)> build;
  /// Called once all are built, on the caller's thread: the layers that can be made now.
  std::function<std::vector<const Step*>()> then;
};

/// Makes the layers of `steps` (all of kind Layer, state Run): a layer starts as soon as its own inputs are in the
/// store; downloads, layers and builds from source go side by side, largest first. Builds go one after another, since
/// each may use all processors. Returns the facts by step id; facts and cards are kept in the store. The first failure
/// is the one that is thrown; it ends all else by `stop`, which is the context's cancellation.
std::map<std::string, LayerFacts> run_layers(const std::vector<const Step*>& steps, const SdistRun& sdists,
                                             const InputFetcher& fetcher, const BuildContext& context,
                                             Cancellation& stop);

}  // namespace mlbuild
