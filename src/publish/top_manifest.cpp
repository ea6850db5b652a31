#include "top_manifest.hpp"

#include "mlbuild/io/sha256.hpp"

namespace mlbuild {

TopManifest top_manifest(const std::vector<Image>& images) {
  if (images.size() == 1) return {images.front().manifest, images.front().manifest_json};
  oci::Index index;
  for (const Image& image : images) index.manifests.push_back(image.manifest);
  TopManifest top;
  top.json = oci::to_json(index);
  top.descriptor.media_type = oci::kIndexMediaType;
  top.descriptor.digest = BlobDigest(sha256(top.json));
  top.descriptor.size_bytes = top.json.size();
  return top;
}

}  // namespace mlbuild
