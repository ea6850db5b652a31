#pragma once

#include "package_rules.hpp"

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mlbuild {

/// What is inside the locked wheels that the store has, by their zip directories.
class LockedWheels {
 public:
  LockedWheels(const LockedImage& image, BlobStore* store);

  struct Content {
    std::vector<WheelFileBytes> files;
    std::uint64_t plain_bytes = 0;
    std::set<std::string> modules;  ///< the topmost that are no mere namespaces: "sklearn", "google.cloud.storage"
    std::set<std::string> scripts;
    bool has_plugins = false;  ///< entry points that others load by name
  };
  const Content* find(const std::string& name) const;  ///< nullptr: not in the store
  std::size_t missing() const { return missing_; }

 private:
  std::map<std::string, Content> contents_;
  std::size_t missing_ = 0;
};

/// Of a wheel's members, by path: see Content::modules.
std::set<std::string> top_modules(const std::vector<std::string>& paths);

}  // namespace mlbuild
