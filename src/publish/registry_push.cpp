// Order is the only transaction that a registry knows: blobs, manifests by digest, index, tags last. Whoever pulls a
// tag at any moment gets an old image or a new one, never a half.

#include "registry_push.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mlbuild {
namespace {

using nlohmann::json;

/// Adds the digest of a descriptor, of whatever kind of manifest and whoever wrote it.
void add_digest(const json& descriptor, std::set<BlobDigest>& digests) {
  const auto digest = descriptor.is_object() ? descriptor.find("digest") : descriptor.end();
  if (!descriptor.is_object() || digest == descriptor.end() || !digest->is_string()) return;
  const auto& text = digest->get_ref<const std::string&>();
  if (text.starts_with("sha256:") && Digest::is_hex(std::string_view(text).substr(7))) {
    digests.insert(BlobDigest::parse(text));
  }
}

std::set<BlobDigest> digests_in(const json& document, const char* member) {
  std::set<BlobDigest> digests;
  const auto list = document.is_object() ? document.find(member) : document.end();
  if (!document.is_object() || list == document.end() || !list->is_array()) return digests;
  for (const json& descriptor : *list) add_digest(descriptor, digests);
  return digests;
}

constexpr std::size_t kMaxChildren = 16;  // an index of more than that is not ours

/// Ends when nobody wants its bytes any more.
class StoppableSource final : public Source {
 public:
  StoppableSource(std::unique_ptr<Source> source, const std::atomic<bool>& stopping)
      : source_(std::move(source)), stopping_(stopping) {}
  std::size_t read(MutableByteSpan buffer) override {
    if (stopping_) throw Error(ErrorKind::Interrupted, "the upload is not wanted any more");
    return source_->read(buffer);
  }

 private:
  const std::unique_ptr<Source> source_;
  const std::atomic<bool>& stopping_;
};

}  // namespace

std::vector<std::string> MountSources::of(const BlobDigest& digest) const {
  std::vector<std::string> sources;
  if (places_of) sources = places_of(digest);
  for (const std::string& repository : repositories) {
    if (std::ranges::find(sources, repository) == sources.end()) sources.push_back(repository);
  }
  return sources;
}

RegistryPush::~RegistryPush() { stopping_ = true; }

void RegistryPush::begin_early(const ImageLayer& layer, const std::string& first_tag, BlobStore& store) {
  check_early();
  client_.check_size(layer.facts.digest, layer.facts.size_bytes);
  {
    const std::scoped_lock guard(early_mutex_);
    if (!begun_.insert(layer.facts.digest).second) return;
  }
  early_.submit([this, blob = layer_blob(layer, store), first_tag] { push_early(blob, first_tag); });
}

void RegistryPush::check_early() {
  const std::scoped_lock guard(early_mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

void RegistryPush::push_early(const Blob& blob, const std::string& first_tag) {
  try {
    check_early();
    if (stopping_) return;
    look_behind(first_tag);
    with_context([&] { return fmt::format("pushing {}", blob.what); }, [&] { push_blob(blob); });
    const std::scoped_lock guard(early_mutex_);
    done_.insert(blob.to_push.digest);
  } catch (...) {  // whoever waits gets it
    const std::scoped_lock guard(early_mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

BlobDigest RegistryPush::push(const ImageSet& set, const std::vector<std::string>& tags, BlobStore& store,
                              const std::function<void(std::uint64_t)>& on_bytes) {
  const TopManifest top = set.top();
  const std::vector<Blob> blobs = blobs_of(set, store);
  for (const Blob& blob : blobs) client_.check_size(blob.to_push.digest, blob.to_push.size_bytes);
  report_to(on_bytes);
  early_.wait();
  check_early();
  look_behind(tags.front());
  push_blobs(blobs);
  if (put_manifests(set, tags)) return top.descriptor.digest;
  // The registry lost blobs of the image behind the tag, or collected them at this very moment: look for each.
  known_.clear();
  done_.clear();
  behind_.reset();
  reused_bytes_ = 0;
  push_blobs(blobs);
  if (put_manifests(set, tags)) return top.descriptor.digest;
  throw Error(ErrorKind::Network,
              fmt::format("registry `{}` says that blobs of `{}` are missing which it has just taken",
                          client_.registry(), repository_))
      .hint("its garbage collection may be running; try again later");
}

RegistryPush::Blob RegistryPush::layer_blob(const ImageLayer& layer, BlobStore& store) const {
  const BlobDigest digest = layer.facts.digest;
  const auto open = [this, &store, digest] {
    return std::make_unique<StoppableSource>(store.stream(digest), stopping_);
  };
  return {BlobToPush{digest, layer.facts.size_bytes, open, mount_from_.of(digest)},
          fmt::format("layer `{}`", layer.created_by)};
}

std::vector<RegistryPush::Blob> RegistryPush::blobs_of(const ImageSet& set, BlobStore& store) const {
  std::vector<Blob> blobs;
  std::set<BlobDigest> seen;
  for (const Image& image : set.images()) {
    for (const ImageLayer& layer : image.layers) {
      if (seen.insert(layer.facts.digest).second) blobs.push_back(layer_blob(layer, store));
    }
    const BlobDigest& config = image.config.digest;
    if (!seen.insert(config).second) continue;
    const auto open = [&image] { return std::make_unique<SpanSource>(as_bytes(image.config_json)); };
    blobs.push_back({BlobToPush{config, image.config_json.size(), open, mount_from_.of(config)}, "the image's config"});
  }
  // The largest first: it must not be the one that begins when all others are done.
  std::ranges::stable_sort(blobs, std::ranges::greater(), [](const Blob& blob) { return blob.to_push.size_bytes; });
  return blobs;
}

void RegistryPush::look_behind(const std::string& tag) {
  const std::scoped_lock guard(look_mutex_);
  if (std::exchange(looked_, true)) return;
  if (const auto behind = client_.fetch_manifest(repository_, tag, RepositoryUse::Push)) {
    behind_ = behind->digest;
    note_known(*behind);
  }
}

void RegistryPush::note_known(const RegistryManifest& manifest) {
  known_.insert(manifest.digest);
  const json document = json::parse(manifest.bytes, nullptr, false);
  known_.merge(digests_in(document, "layers"));
  if (document.is_object() && document.contains("config")) add_digest(document["config"], known_);
  const std::set<BlobDigest> children = digests_in(document, "manifests");
  if (children.size() > kMaxChildren) return;
  for (const BlobDigest& child : children) {
    const auto part = client_.fetch_manifest(repository_, child.to_string(), RepositoryUse::Push);
    if (part && !known_.contains(part->digest)) note_known(*part);
  }
}

void RegistryPush::push_blobs(const std::vector<Blob>& blobs) {
  parallel_for(threads_, blobs.size(), [&](std::size_t i) {
    cancellation_.check();
    if (done_.contains(blobs[i].to_push.digest)) return;
    with_context([&] { return fmt::format("pushing {}", blobs[i].what); }, [&] { push_blob(blobs[i]); });
  });
}

void RegistryPush::push_blob(const Blob& blob) {
  const BlobDigest& digest = blob.to_push.digest;
  const auto on_sent = [&](std::uint64_t so_far) { report(digest, so_far); };
  const bool is_there = known_.contains(digest) || client_.has_blob(repository_, digest);
  const bool is_sent = !is_there && client_.push_blob(repository_, blob.to_push, on_sent) == BlobPush::Sent;
  (is_sent ? sent_bytes_ : reused_bytes_) += blob.to_push.size_bytes;
  report(digest, blob.to_push.size_bytes);
}

void RegistryPush::report(const BlobDigest& digest, std::uint64_t so_far) {
  const std::scoped_lock guard(progress_mutex_);
  std::uint64_t& reported = reported_[digest];
  if (so_far <= reported) return;
  if (on_bytes_) on_bytes_(so_far - reported);
  reported = so_far;
}

/// What happened before anybody listened comes at once.
void RegistryPush::report_to(const std::function<void(std::uint64_t)>& on_bytes) {
  const std::scoped_lock guard(progress_mutex_);
  on_bytes_ = on_bytes;
  if (!on_bytes_) return;
  for (const auto& [digest, reported] : reported_) on_bytes_(reported);
}

// A single image needs no name by digest first: its tag is its manifest.
bool RegistryPush::put_manifests(const ImageSet& set, const std::vector<std::string>& tags) {
  for (const Image& image : set.images()) {
    if (!set.has_index() || known_.contains(image.manifest.digest)) continue;
    if (!put(image.manifest.digest.to_string(), image.manifest.media_type, image.manifest_json)) return false;
  }
  const TopManifest top = set.top();
  for (const std::string& tag : tags) {
    if (points_to(tag, tag == tags.front(), top.descriptor.digest)) {
      reused_bytes_ += top.json.size();
    } else if (!put(tag, top.descriptor.media_type, top.json)) {
      return false;
    }
  }
  return true;
}

// Asked because a repository with immutable tags refuses even a PUT that would change nothing. What was looked at when
// the first layer was there may be another's by now.
bool RegistryPush::points_to(const std::string& tag, bool is_first, const BlobDigest& digest) {
  if (is_first && (behind_ != digest || begun_.empty())) return behind_ == digest;
  return client_.find_manifest(repository_, tag) == digest;
}

bool RegistryPush::put(const std::string& reference, std::string_view media_type, const std::string& bytes) {
  if (!client_.put_manifest(repository_, reference, media_type, bytes)) return false;
  sent_bytes_ += bytes.size();
  return true;
}

}  // namespace mlbuild
