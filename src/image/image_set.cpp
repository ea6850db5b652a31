#include "mlbuild/image/image.hpp"
#include "mlbuild/io/sha256.hpp"

namespace mlbuild {

TopManifest ImageSet::top() const {
  if (index_) return *index_;
  if (images_.size() == 1) return {images_.front().manifest, images_.front().manifest_json};
  oci::Index index;
  for (const Image& image : images_) index.manifests.push_back(image.manifest);
  TopManifest top;
  top.json = oci::to_json(index);
  top.descriptor.media_type = oci::kIndexMediaType;
  top.descriptor.digest = BlobDigest(sha256(top.json));
  top.descriptor.size_bytes = top.json.size();
  return top;
}

std::uint64_t ImageSet::compressed_size_bytes() const {
  std::uint64_t sum = 0;
  for (const Image& image : images_) sum += image.compressed_size_bytes();
  return sum;
}

}  // namespace mlbuild
