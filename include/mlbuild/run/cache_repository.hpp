#pragma once

#include "mlbuild/base/error.hpp"
#include "mlbuild/image/image.hpp"
#include "mlbuild/image/known_layers.hpp"
#include "mlbuild/registry/client.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mlbuild {

/// A repository that keeps layers for whatever image has them, by the key of their step (docs/formats/cache.md). It
/// only saves time: whatever goes wrong there is told once, by `warn`, and ends its use; only Error{Interrupted} is
/// thrown. Thread-safe.
class CacheRepository {
 public:
  using Warn = std::function<void(std::string)>;
  /// `use`: Push when layers will be kept there, so that one token serves for all.
  CacheRepository(std::shared_ptr<RegistryClient> client, std::string repository, RepositoryUse use, Warn warn);

  const std::shared_ptr<RegistryClient>& client() const { return client_; }
  const std::string& repository() const { return repository_; }
  std::string name() const { return client_->registry() + "/" + repository_; }

  /// What it has of these, with one request for each that was not asked before, several at a time.
  std::vector<KnownLayers> find(const std::vector<StepKey>& keys);

  /// Puts those layers there that it has not: mounted from `mount_from`, repositories of the same registry that have
  /// them, or else from `store`. Returns how many.
  std::size_t keep(const std::vector<ImageLayer>& layers, BlobStore& store, const std::vector<std::string>& mount_from);

 private:
  enum class Entry { Absent, Present, Damaged };

  std::vector<StepKey> not_asked(const std::vector<StepKey>& keys) const;
  std::optional<KnownLayers> find_one(const StepKey& key);
  bool lacks(const ImageLayer& layer);
  void put(const ImageLayer& layer, BlobStore& store, const std::vector<std::string>& mount_from);
  void put_config(const ImageLayer& any);
  void note(const StepKey& key, Entry entry);
  /// Calls body(0) ... body(count - 1) at once, until one fails.
  void for_each(std::size_t count, const std::string& doing, const std::function<void(std::size_t)>& body);
  void warn_once(const std::string& text);

  const std::shared_ptr<RegistryClient> client_;  // shared with all others that talk to this registry
  const std::string repository_;
  const RepositoryUse use_;
  const Warn warn_;
  std::atomic<bool> failed_ = false;
  mutable std::mutex mutex_;
  std::map<StepKey, Entry> entries_;  ///< as far as it was asked
  bool warned_ = false;
};

}  // namespace mlbuild
