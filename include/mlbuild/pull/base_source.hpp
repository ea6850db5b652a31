#pragma once

#include "mlbuild/base/digest.hpp"
#include "mlbuild/io/stream.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/registry/client.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mlbuild {

/// An image that somebody else made, for one platform, as far as manifest and config tell it.
struct PulledImage {
  BlobDigest manifest;  ///< digest of its manifest; of a docker-archive that of manifest.json
  BlobDigest config_digest;
  oci::ImageConfig config;
  std::vector<oci::Descriptor> layers;  ///< bottom to top, with OCI media types for the same bytes; annotations of lazy ones only
};

/// Where a base image is kept: an OCI layout, an archive, or a registry. What is read is checked against its digest.
/// Thread-safe.
class BaseSource {
 public:
  virtual ~BaseSource() = default;
  /// What names the present content: equal digests are equal images. Cheap. Throws Error{Spec} when there is no image
  /// for the platform, Error{Foreign} for what is malformed.
  virtual BlobDigest read_digest(const oci::Platform& platform) = 0;
  /// Manifest and config; a docker-archive is read as a whole for it, since it names no digests of layers.
  virtual PulledImage read_image(const oci::Platform& platform) = 0;
  /// The bytes of layer `number` (from 0) of an image that read_image() told of, now or in an earlier run; read to the
  /// end they are those of the descriptor, or Error{Foreign}. What is given to the makers below must outlive the
  /// stream.
  virtual std::unique_ptr<Source> open_layer(std::size_t number, const oci::Descriptor& layer) = 0;
};

/// OCI image-layout v1.1 in a directory; `tag` is the annotation org.opencontainers.image.ref.name, "" when the layout
/// has one image only.
std::unique_ptr<BaseSource> open_layout_image(std::filesystem::path directory, std::string tag);

/// A tar that `docker save` wrote (manifest.json) or one of an OCI layout.
std::unique_ptr<BaseSource> open_archive_image(std::filesystem::path file);

/// `where` has a host, and a tag or digest. Of an index the child for the platform is taken.
std::unique_ptr<BaseSource> open_registry_image(std::shared_ptr<RegistryClient> client, oci::Reference where);

}  // namespace mlbuild
