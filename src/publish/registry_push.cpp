// Order is the only transaction that a registry knows: blobs, manifests by digest, index, tags last. Whoever pulls a
// tag at any moment gets an old image or a new one, never a half.

#include "registry_push.hpp"

#include "top_manifest.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

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

}  // namespace

BlobDigest RegistryPush::push(const std::vector<Image>& images, const std::vector<std::string>& tags) {
  const TopManifest top = top_manifest(images);
  const std::vector<Blob> blobs = blobs_of(images);
  for (const Blob& blob : blobs) client_.check_size(blob.to_push.digest, blob.to_push.size_bytes);
  if (const auto behind = client_.fetch_manifest(repository_, tags.front(), RepositoryUse::Push)) {
    behind_ = behind->digest;
    note_known(*behind);
  }
  push_blobs(blobs);
  if (put_manifests(images, tags)) return top.descriptor.digest;
  // The registry lost blobs of the image behind the tag, or collected them at this very moment: look for each.
  known_.clear();
  behind_.reset();
  reused_bytes_ = 0;
  push_blobs(blobs);
  if (put_manifests(images, tags)) return top.descriptor.digest;
  throw Error(ErrorKind::Network,
              fmt::format("registry `{}` says that blobs of `{}` are missing which it has just taken",
                          client_.registry(), repository_))
      .hint("its garbage collection may be running; try again later");
}

std::vector<std::string> RegistryPush::mount_from(const ImageLayer& layer) const {
  std::vector<std::string> repositories = mount_from_;
  if (layer.is_base && !base_repository_.empty()) repositories.insert(repositories.begin(), base_repository_);
  return repositories;
}

std::vector<RegistryPush::Blob> RegistryPush::blobs_of(const std::vector<Image>& images) const {
  std::vector<Blob> blobs;
  std::set<BlobDigest> seen;
  const auto add = [&](const BlobDigest& digest, std::uint64_t size_bytes, std::string what, auto open,
                       std::vector<std::string> sources) {
    if (!seen.insert(digest).second) return;
    blobs.push_back({BlobToPush{digest, size_bytes, std::move(open), std::move(sources)}, std::move(what)});
  };
  for (const Image& image : images) {
    for (const ImageLayer& layer : image.layers) {
      const BlobDigest digest = layer.facts.digest;
      add(
          digest, layer.facts.size_bytes, fmt::format("layer `{}`", layer.created_by),
          [this, digest] { return store_.stream(digest); }, mount_from(layer));
    }
    add(
        image.config.digest, image.config_json.size(), "the image's config",
        [&image] { return std::make_unique<SpanSource>(as_bytes(image.config_json)); }, mount_from_);
  }
  // The largest first: it must not be the one that begins when all others are done.
  std::ranges::stable_sort(blobs, std::ranges::greater(), [](const Blob& blob) { return blob.to_push.size_bytes; });
  return blobs;
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
    control_.cancellation.check();
    with_context([&] { return fmt::format("pushing {}", blobs[i].what); }, [&] { push_blob(blobs[i]); });
  });
}

void RegistryPush::push_blob(const Blob& blob) {
  const BlobDigest& digest = blob.to_push.digest;
  const std::uint64_t size_bytes = blob.to_push.size_bytes;
  const auto report = [&](std::uint64_t so_far) {
    const std::scoped_lock guard(progress_mutex_);
    std::uint64_t& reported = reported_[digest];
    if (so_far > reported) control_.moved(so_far - reported);
    reported = std::max(reported, so_far);
  };
  const bool is_there = known_.contains(digest) || client_.has_blob(repository_, digest);
  const bool is_sent = !is_there && client_.push_blob(repository_, blob.to_push, report) == BlobPush::Sent;
  (is_sent ? sent_bytes_ : reused_bytes_) += size_bytes;
  report(size_bytes);
}

// A single image needs no name by digest first: its tag is its manifest.
bool RegistryPush::put_manifests(const std::vector<Image>& images, const std::vector<std::string>& tags) {
  for (const Image& image : images) {
    if (images.size() == 1 || known_.contains(image.manifest.digest)) continue;
    if (!put(image.manifest.digest.to_string(), image.manifest.media_type, image.manifest_json)) return false;
  }
  const TopManifest top = top_manifest(images);
  for (const std::string& tag : tags) {
    if (points_to(tag, tag == tags.front(), top.descriptor.digest)) {
      reused_bytes_ += top.json.size();
    } else if (!put(tag, top.descriptor.media_type, top.json)) {
      return false;
    }
  }
  return true;
}

// Asked because a repository with immutable tags refuses even a PUT that would change nothing.
bool RegistryPush::points_to(const std::string& tag, bool is_first, const BlobDigest& digest) {
  if (is_first) return behind_ == digest;
  return client_.find_manifest(repository_, tag, RepositoryUse::Push) == digest;
}

bool RegistryPush::put(const std::string& reference, std::string_view media_type, const std::string& bytes) {
  if (!client_.put_manifest(repository_, reference, media_type, bytes)) return false;
  sent_bytes_ += bytes.size();
  return true;
}

}  // namespace mlbuild
