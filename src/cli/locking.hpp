#pragma once

#include "world.hpp"

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/lock/resolve.hpp"
#include "mlbuild/spec/spec.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlbuild::cli {

/// The lock beside a spec: mlbuild.yaml -> mlbuild.lock.
std::filesystem::path lock_path(const Spec& spec);
std::optional<Lock> read_lock(const Spec& spec);
void write_lock(const Spec& spec, const Lock& lock);
ResolveContext resolve_context(World& world);
Lock resolve(const Spec& spec, const std::optional<Lock>& previous, const Upgrade& upgrade, World& world);

enum class LockPolicy {
  Update,  ///< lock when there is none or the spec's locked part changed; says what changed; writes the file
  Locked,  ///< refuse instead (CI)
  DryRun   ///< like Update, but nothing is written
};
/// The lock that answers `spec`.
Lock ensure_lock(const Spec& spec, LockPolicy policy, World& world);

/// The lock's images of one variant, for the given platforms (all of the spec's when empty).
std::vector<const LockedImage*> chosen_images(const Spec& spec, const Lock& lock, const std::string& variant,
                                              const std::vector<std::string>& platforms);

}  // namespace mlbuild::cli
