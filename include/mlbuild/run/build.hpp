#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/index/site.hpp"
#include "mlbuild/lock/lock.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/plan/plan.hpp"
#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/run/events.hpp"
#include "mlbuild/run/registry_cache.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/spec/spec.hpp"
#include "mlbuild/store/disk_store.hpp"
#include "mlbuild/sys/cancel.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// Hears of layers whose bytes are in the store while others are still being made. Any thread. What it throws ends the
/// build.
class ReadyLayers {
 public:
  virtual ~ReadyLayers() = default;
  virtual void ready(const ImageLayer& layer) = 0;  ///< perhaps more than once for one layer
  virtual void check() = 0;                         ///< called before anything large is begun
};

/// The world as a build sees it; every part is owned by main.
struct BuildContext {
  DiskStore& store;
  HttpClient& http;
  Sandbox& sandbox;
  const SiteConfig& site;
  const Cancellation& cancellation;
  EventSink& events;
  std::size_t threads = 2;            ///< for layers; downloads have their own
  RegistryCache* registry = nullptr;  ///< layers that need not be made; not asked when a build is forced
  ReadyLayers* ready_layers = nullptr;
  /// Opens a base that mlbuild did not make; needed by specs that have one.
  std::function<std::unique_ptr<BaseSource>(const Spec& spec, const ForeignBase& base)> open_base = {};
};

/// One image of a spec: which variant on which platform, with what the lock says of it.
struct BuildRequest {
  const Spec* spec = nullptr;
  const SpecVariant* variant = nullptr;
  const LockedImage* image = nullptr;
  std::int64_t epoch_seconds = 315532800;
  bool force = false;
};

/// What a build would do now. Reads the application's files and asks the store, what was read of registries and cache
/// repositories; fetches nothing. Bytecode that the sandbox here does not let be made is not in it, and a warning says
/// so, as in the build; only whether the interpreter of a base that others made writes any that mlbuild can read, the
/// build alone finds out.
Plan plan_build(const BuildRequest& request, const BuildContext& context);

struct BuildResult {
  Image image;
  Plan first_plan;  ///< as it was before anything ran, for the explanation
  std::vector<ImageLayer>
      shared_layers;  ///< those of `image` that other images may have, too: all but the application's
  std::uint64_t fetched_bytes = 0;
  std::size_t layers_made = 0, layers_reused = 0;
  std::size_t layers_in_registry = 0;  ///< that the store has not: only a BackedStore can give their bytes
  std::string budget;                  ///< how much of the spec's budget the image uses, in one line; "" without one
  double seconds = 0;
  std::string sandbox_level;  ///< at which code ran for it, "L0"; "" when none had to
};

/// Runs the plan: fetches inputs, makes layers (largest first) and builds source distributions whose wheels are needed
/// side by side, then the layers that waited for these; composes the image and keeps config and manifest in the store.
/// Nothing is visible before it is complete; cancellation leaves the store valid.
BuildResult build_image(const BuildRequest& request, const BuildContext& context);

}  // namespace mlbuild
