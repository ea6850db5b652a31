#pragma once

#include "mlbuild/lock/lock.hpp"
#include "mlbuild/pull/base_source.hpp"
#include "mlbuild/store/forwarding_store.hpp"

#include <map>
#include <memory>

namespace mlbuild {

/// The store, and beside it the layers of base images, which stay where they are: whoever wants the bytes of one gets
/// them as a stream from its layout, archive or registry, past the disk. Thread-safe once the bases are added.
class BaseBlobs final : public ForwardingStore {
 public:
  explicit BaseBlobs(BlobStore& store) : ForwardingStore(store) {}
  void add(const LockedBaseImage& base, std::shared_ptr<BaseSource> source);

  std::optional<std::uint64_t> find(const BlobDigest& digest) override;
  /// A base layer comes into the store for it.
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;

 private:
  struct Layer {
    std::shared_ptr<BaseSource> source;  ///< shared by the layers of its image
    std::size_t number = 0;
    oci::Descriptor blob;
  };
  std::map<BlobDigest, Layer> layers_;
};

}  // namespace mlbuild
