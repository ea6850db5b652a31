#pragma once

#include "mlbuild/index/site.hpp"
#include "mlbuild/lock/lock.hpp"
#include "mlbuild/net/http.hpp"
#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/sandbox/sandbox.hpp"
#include "mlbuild/spec/spec.hpp"
#include "mlbuild/store/disk_store.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace mlbuild {

struct ResolveContext {
  HttpClient& http;
  DiskStore& store;
  Sandbox& sandbox;
  const SiteConfig& site;
  const Cancellation& cancellation;
  std::size_t threads = 2;
  std::function<void(const std::string& activity)> on_activity;  ///< "resolving 7 requirements", ...
  /// Opens a base that mlbuild did not make; needed by specs that have one.
  std::function<std::unique_ptr<BaseSource>(const Spec& spec, const ForeignBase& base)> open_base = {};
};

struct Upgrade {
  bool all = false;
  std::set<std::string> names;  ///< normalised
};

/// Answers the spec: Debian closure and Python resolution for every variant and platform. Pins of `previous`, also of
/// what builds source distributions, are kept as long as they satisfy the spec, unless named by `upgrade`. Conflicts
/// and missing wheels are Error{Step/Spec} with the requirement's line and the resolver's own words as context.
Lock resolve_lock(const Spec& spec, const std::optional<Lock>& previous, const Upgrade& upgrade,
                  const ResolveContext& context);

/// Throws Error{Spec} when a base that is kept as files is not what the lock says: it was written again since.
void check_base_unchanged(const Spec& spec, const SpecVariant& variant, const LockedImage& image, BaseSource& source);

/// What differs between the part of the spec that the lock answered and the spec now, one line per field
/// ("requirements.runtime: + scipy==1.13"); empty: the lock answers this spec.
std::vector<std::string> explain_stale(const Lock& lock, const Spec& spec);

/// What locking again changed, one line per package: "+ new 1.0", "  numpy 1.26.3 -> 1.26.4", "- old 1.0"; with the
/// images behind it where not all that have the package changed so: "- old 1.0 (serve linux/amd64)".
std::vector<std::string> moved_pins(const Lock& before, const Lock& now);

/// Unpacked root with the Debian packages of `debs` (base flavour rules, all packages unpacked), as a tree of the
/// store.
std::filesystem::path debian_tree(const std::vector<LockedDeb>& debs, const ResolveContext& context);

}  // namespace mlbuild
