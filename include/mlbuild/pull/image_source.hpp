#pragma once

#include "mlbuild/io/stream.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/registry/client.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace mlbuild {

/// An image or index where somebody keeps it, to be passed on byte for byte. Everything that is read has its digest, or
/// Error{Foreign}. Thread-safe.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  /// What the name points to. A docker-archive, which has no manifest, gets one of OCI's form made for it.
  virtual RegistryManifest top() = 0;
  /// A manifest that an index names. Throws Error{Foreign} when there is none.
  virtual RegistryManifest manifest(const oci::Descriptor& descriptor) = 0;
  virtual std::string config(const oci::Descriptor& descriptor) = 0;  ///< its text
  /// The bytes of a layer; what is given to the makers below must outlive the stream.
  virtual std::unique_ptr<Source> open_blob(const oci::Descriptor& descriptor) = 0;
};

/// OCI image-layout v1.1 in a directory; `tag` as for open_layout_image(). Throws Error{Usage} when it holds several.
std::unique_ptr<ImageSource> copy_from_layout(std::filesystem::path directory, std::string tag);

/// A tar that `docker save` wrote (manifest.json) or one of an OCI layout.
std::unique_ptr<ImageSource> copy_from_archive(std::filesystem::path file);

/// `where` has a host, and a tag or digest.
std::unique_ptr<ImageSource> copy_from_registry(std::shared_ptr<RegistryClient> client, oci::Reference where);

}  // namespace mlbuild
