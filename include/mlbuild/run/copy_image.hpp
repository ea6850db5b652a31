#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/pull/image_source.hpp"
#include "mlbuild/store/blob_store.hpp"

#include <map>
#include <memory>
#include <optional>

namespace mlbuild {

/// The image that is in `source`, byte for byte: of the platform, or with all that an index names, attestations
/// included. Manifests and configs are read, layers are not. Throws Error{Usage} when there is none for the platform.
ImageSet image_to_copy(ImageSource& source, const std::optional<oci::Platform>& platform);

/// One image of it, with the plain sizes and packages that its layers' annotations tell: an image alone is taken as it
/// is unless a platform is given, of an index that of the platform, else that for `otherwise`. Errors as above.
Image image_to_inspect(ImageSource& source, const std::optional<oci::Platform>& platform,
                       const oci::Platform& otherwise);

/// That for the platform, or nothing when there is none.
std::optional<Image> find_image(ImageSource& source, const oci::Platform& platform);

/// The layers of an image that is being copied, where they are: a store that one can read streams from, and nothing
/// else. `source` must outlive it.
class SourceBlobs final : public BlobStore {
 public:
  SourceBlobs(ImageSource& source, const ImageSet& images);
  std::optional<std::uint64_t> find(const BlobDigest& digest) override;
  std::unique_ptr<Source> stream(const BlobDigest& digest) override;
  std::unique_ptr<RandomAccess> open(const BlobDigest& digest) override;  ///< throws: nothing is kept
  std::unique_ptr<BlobWriter> begin() override;                           ///< throws
  void put_virtual(const BlobDigest& digest, std::uint64_t size_bytes, const SegmentList& segments) override;

 private:
  ImageSource& source_;
  std::map<BlobDigest, oci::Descriptor> blobs_;
};

}  // namespace mlbuild
