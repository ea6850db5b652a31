#include "mlbuild/run/cache_repository.hpp"

#include "mlbuild/image/cache_entry.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

constexpr std::uint64_t kEntryLimitBytes = 256U << 10U;  // one layer; ours have less than 1 KiB
constexpr std::size_t kParallel = 8;                     // the client has its own limit of requests

bool is_forgiven(ErrorKind kind) { return kind != ErrorKind::Interrupted && kind != ErrorKind::Internal; }

}  // namespace

CacheRepository::CacheRepository(std::shared_ptr<RegistryClient> client, std::string repository, RepositoryUse use,
                                 Warn warn)
    : client_(std::move(client)), repository_(std::move(repository)), use_(use), warn_(std::move(warn)) {}

std::vector<KnownLayers> CacheRepository::find(const std::vector<StepKey>& keys) {
  const std::vector<StepKey> asked = not_asked(keys);
  std::vector<KnownLayers> found;
  for_each(asked.size(), "reading what it has", [&](std::size_t i) {
    std::optional<KnownLayers> known = find_one(asked[i]);
    if (!known) return;
    const std::scoped_lock lock(mutex_);
    found.push_back(std::move(*known));
  });
  return found;
}

std::vector<StepKey> CacheRepository::not_asked(const std::vector<StepKey>& keys) const {
  const std::scoped_lock lock(mutex_);
  std::vector<StepKey> asked;
  std::ranges::copy_if(keys, std::back_inserter(asked), [&](const StepKey& key) { return !entries_.contains(key); });
  return asked;
}

std::optional<KnownLayers> CacheRepository::find_one(const StepKey& key) {
  const std::string tag = cache_tag(key);
  const std::optional<RegistryManifest> manifest = client_->fetch_manifest(repository_, tag, use_, kEntryLimitBytes);
  if (!manifest) {
    note(key, Entry::Absent);
    return std::nullopt;
  }
  try {
    KnownLayers known = parse_cache_entry(manifest->bytes, key);
    note(key, Entry::Present);
    return known;
  } catch (const Error& failure) {
    if (failure.kind() != ErrorKind::Foreign) throw;
    note(key, Entry::Damaged);  // the others may be good; this one is replaced when its layer is put there
    warn_once(fmt::format("`{}:{}` is not used as a cache: {}", name(), tag, failure.message()));
    return std::nullopt;
  }
}

std::size_t CacheRepository::keep(const std::vector<ImageLayer>& layers, BlobStore& store,
                                  const std::vector<std::string>& mount_from) {
  std::vector<const ImageLayer*> once;
  std::set<StepKey> seen;
  for (const ImageLayer& layer : layers) {
    if (seen.insert(layer.key).second) once.push_back(&layer);
  }
  std::vector<const ImageLayer*> missing;
  for_each(once.size(), "looking what it has", [&](std::size_t i) {
    if (!lacks(*once[i])) return;
    const std::scoped_lock lock(mutex_);
    missing.push_back(once[i]);
  });
  if (missing.empty()) return 0;
  for_each(1, "keeping layers there", [&](std::size_t) { put_config(*missing.front()); });
  std::atomic<std::size_t> kept = 0;
  for_each(missing.size(), "keeping layers there", [&](std::size_t i) {
    put(*missing[i], store, mount_from);
    ++kept;
  });
  return kept;
}

bool CacheRepository::lacks(const ImageLayer& layer) {
  {
    const std::scoped_lock lock(mutex_);
    const auto known = entries_.find(layer.key);
    if (known != entries_.end()) return known->second != Entry::Present;
  }
  const bool is_there = client_->find_manifest(repository_, cache_tag(layer.key)).has_value();
  note(layer.key, is_there ? Entry::Present : Entry::Absent);
  return !is_there;
}

void CacheRepository::put_config(const ImageLayer& any) {
  const CacheEntry entry = compose_cache_entry(any);
  if (client_->has_blob(repository_, entry.config.digest)) return;
  const auto open = [&entry] { return std::make_unique<SpanSource>(as_bytes(entry.config_json)); };
  client_->push_blob(repository_, {entry.config.digest, entry.config.size_bytes, open, {}}, nullptr);
}

// Where the image was just pushed to the same registry, asking for the blob would be a request too many: a mount of
// what is there already is answered like any other.
void CacheRepository::put(const ImageLayer& layer, BlobStore& store, const std::vector<std::string>& mount_from) {
  const CacheEntry entry = compose_cache_entry(layer);
  const BlobDigest& digest = layer.facts.digest;
  if (!mount_from.empty() || !client_->has_blob(repository_, digest)) {
    const auto open = [&store, digest] { return store.stream(digest); };
    client_->push_blob(repository_, {digest, layer.facts.size_bytes, open, mount_from}, nullptr);
  }
  if (!client_->put_manifest(repository_, entry.tag, oci::kManifestMediaType, entry.manifest_json)) {
    throw Error(ErrorKind::Network,
                fmt::format("registry `{}` says that a layer is missing which it has just taken", client_->registry()));
  }
  note(layer.key, Entry::Present);
}

void CacheRepository::note(const StepKey& key, Entry entry) {
  const std::scoped_lock lock(mutex_);
  entries_[key] = entry;
}

void CacheRepository::for_each(std::size_t count, const std::string& doing,
                               const std::function<void(std::size_t)>& body) {
  parallel_for(std::min(kParallel, count), count, [&](std::size_t i) {
    if (failed_) return;
    try {
      body(i);
    } catch (const Error& failure) {
      if (!is_forgiven(failure.kind())) throw;
      failed_ = true;
      warn_once(fmt::format("`{}` is not used as a cache: {}, while {}", name(), failure.message(), doing));
    }
  });
}

void CacheRepository::warn_once(const std::string& text) {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(warned_, true)) return;
  }
  warn_(text);
}

}  // namespace mlbuild
