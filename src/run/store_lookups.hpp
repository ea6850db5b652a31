#pragma once

#include "mlbuild/plan/plan.hpp"
#include "mlbuild/run/registry_cache.hpp"
#include "mlbuild/run/sdist_build.hpp"
#include "mlbuild/store/disk_store.hpp"

namespace mlbuild {

/// The plan's window to the local store and to what registries have.
class StoreLookups final : public PlanLookups {
 public:
  StoreLookups(DiskStore& store, const RegistryCache* registry, std::int64_t epoch_seconds)
      : store_(store), registry_(registry), epoch_seconds_(epoch_seconds) {}
  std::optional<std::string> facts(const StepKey& key) override { return store_.get(key); }
  std::optional<KeyCard> last_card(const std::string& step_id) override { return store_.last_card(step_id); }
  bool has_blob(const BlobDigest& digest) override { return store_.find(digest).has_value(); }
  KeyCard sdist_card(const LockedImage& image, const LockedSdist& sdist) override;
  std::optional<KnownWheel> built_wheel(const StepKey& key) override;
  std::optional<RegistryLayer> registry_layer(const StepKey& key) override {
    return registry_ == nullptr ? std::nullopt : registry_->layer(key);
  }
  std::optional<RegistryWheel> registry_wheel(const StepKey& key) override {
    return registry_ == nullptr ? std::nullopt : registry_->built_wheel(key);
  }

 private:
  DiskStore& store_;
  const RegistryCache* registry_;
  std::int64_t epoch_seconds_;
};

/// What the build of a locked source distribution reads.
SdistBuildInputs sdist_build_inputs(const LockedImage& image, const LockedSdist& sdist, std::int64_t epoch_seconds);

}  // namespace mlbuild
