#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/registry/client.hpp"
#include "mlbuild/store/blob_store.hpp"
#include "mlbuild/sys/cancel.hpp"
#include "mlbuild/sys/thread_pool.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlbuild {

/// Where a registry may have blobs already.
struct MountSources {
  std::vector<std::string> repositories;                                      ///< perhaps
  std::function<std::vector<std::string>(const BlobDigest&)> places_of = {};  ///< as far as is known; asked first

  std::vector<std::string> of(const BlobDigest& digest) const;
};

/// One push of images to one repository. Layers may begin to go there before the images are known. What is told to
/// `on_bytes` comes from several threads, each blob's bytes once, however often a try was made again.
class RegistryPush {
 public:
  RegistryPush(RegistryClient& client, std::string repository, MountSources mount_from, std::size_t threads,
               const Cancellation& cancellation)
      : client_(client),
        repository_(std::move(repository)),
        mount_from_(std::move(mount_from)),
        threads_(threads),
        cancellation_(cancellation),
        early_(threads) {}
  ~RegistryPush();  ///< what still goes on in the background is cut short
  RegistryPush(const RegistryPush&) = delete;
  RegistryPush& operator=(const RegistryPush&) = delete;

  /// Brings the layer there in the background, if it is not there. `first_tag` as for push(). Throws like
  /// check_early().
  void begin_early(const ImageLayer& layer, const std::string& first_tag, BlobStore& store);
  void check_early();  ///< throws what went wrong in the background

  /// After that the name has all images, under all tags, the first of which is the one that is looked at for what is
  /// there already. Returns what the tags point to.
  BlobDigest push(const ImageSet& set, const std::vector<std::string>& tags, BlobStore& store,
                  const std::function<void(std::uint64_t)>& on_bytes);

  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t reused_bytes() const { return reused_bytes_; }

 private:
  struct Blob {
    BlobToPush to_push;
    std::string what;  ///< "layer `wheel numpy 1.26.4`"
  };

  Blob layer_blob(const ImageLayer& layer, BlobStore& store) const;
  std::vector<Blob> blobs_of(const ImageSet& set, BlobStore& store) const;
  void push_early(const Blob& blob, const std::string& first_tag);
  void look_behind(const std::string& tag);
  void note_known(const RegistryManifest& manifest);
  void push_blobs(const std::vector<Blob>& blobs);
  void push_blob(const Blob& blob);
  void report(const BlobDigest& digest, std::uint64_t so_far);
  void report_to(const std::function<void(std::uint64_t)>& on_bytes);
  bool put_manifests(const ImageSet& set, const std::vector<std::string>& tags);
  bool points_to(const std::string& tag, bool is_first, const BlobDigest& digest);
  bool put(const std::string& reference, std::string_view media_type, const std::string& json);

  RegistryClient& client_;
  const std::string repository_;
  const MountSources mount_from_;
  const std::size_t threads_;
  const Cancellation& cancellation_;
  std::mutex look_mutex_;
  bool looked_ = false;
  std::optional<BlobDigest> behind_;  ///< what the first tag points to
  std::set<BlobDigest> known_;        ///< that, and all that it is made of
  std::atomic<std::uint64_t> sent_bytes_{0};
  std::atomic<std::uint64_t> reused_bytes_{0};
  std::mutex progress_mutex_;
  std::function<void(std::uint64_t)> on_bytes_;
  std::map<BlobDigest, std::uint64_t> reported_;  ///< of each blob, to on_bytes_ as soon as there is one

  std::mutex early_mutex_;
  std::set<BlobDigest> begun_, done_;  ///< in the background
  std::exception_ptr failure_;         ///< the first
  std::atomic<bool> stopping_ = false;
  ThreadPool early_;  // the last member: its tasks use the others
};

}  // namespace mlbuild
