#pragma once

#include "blob_copy.hpp"

#include "mlbuild/image/image.hpp"
#include "mlbuild/registry/client.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlbuild {

/// One push of images to one repository. What is told to CopyControl::on_bytes comes from several threads, each blob's
/// bytes once, however often a try was made again.
class RegistryPush {
 public:
  RegistryPush(RegistryClient& client, std::string repository, std::vector<std::string> mount_from, std::size_t threads,
               BlobStore& store, const CopyControl& control, std::string base_repository = {})
      : client_(client),
        repository_(std::move(repository)),
        mount_from_(std::move(mount_from)),
        threads_(threads),
        store_(store),
        control_(control),
        base_repository_(std::move(base_repository)) {}

  /// After that the name has all images, under all tags, the first of which is the one that is looked at for what is
  /// there already. Returns what the tags point to.
  BlobDigest push(const std::vector<Image>& images, const std::vector<std::string>& tags);

  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t reused_bytes() const { return reused_bytes_; }

 private:
  struct Blob {
    BlobToPush to_push;
    std::string what;  ///< "layer `wheel numpy 1.26.4`"
  };

  std::vector<std::string> mount_from(const ImageLayer& layer) const;
  std::vector<Blob> blobs_of(const std::vector<Image>& images) const;
  void note_known(const RegistryManifest& manifest);
  void push_blobs(const std::vector<Blob>& blobs);
  void push_blob(const Blob& blob);
  bool put_manifests(const std::vector<Image>& images, const std::vector<std::string>& tags);
  bool points_to(const std::string& tag, bool is_first, const BlobDigest& digest);
  bool put(const std::string& reference, std::string_view media_type, const std::string& json);

  RegistryClient& client_;
  const std::string repository_;
  const std::vector<std::string> mount_from_;
  const std::size_t threads_;
  BlobStore& store_;
  const CopyControl& control_;
  const std::string base_repository_;
  std::optional<BlobDigest> behind_;  ///< what the first tag points to
  std::set<BlobDigest> known_;        ///< that, and all that it is made of
  std::atomic<std::uint64_t> sent_bytes_{0};
  std::atomic<std::uint64_t> reused_bytes_{0};
  std::mutex progress_mutex_;
  std::map<BlobDigest, std::uint64_t> reported_;  ///< of each blob, to on_bytes
};

}  // namespace mlbuild
