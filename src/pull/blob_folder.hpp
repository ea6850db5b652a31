#pragma once

#include "pulled_image.hpp"

#include "mlbuild/io/stream.hpp"
#include "mlbuild/pull/image_source.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mlbuild {

/// Files of an OCI image layout, in a directory or in a tar (image-spec v1.1, image-layout.md).
class BlobFolder {
 public:
  virtual ~BlobFolder() = default;
  /// A file below the layout's top; nothing when there is none.
  virtual std::unique_ptr<RandomAccess> open_file(const std::string& path) = 0;
  virtual std::string name() const = 0;  ///< for messages

  /// Text of a file that has to be there.
  std::string text(const std::string& path, std::uint64_t limit_bytes);
  /// Text of a blob, checked.
  std::string blob_text(const oci::Descriptor& blob, std::uint64_t limit_bytes);
  std::unique_ptr<Source> open_blob(const oci::Descriptor& blob);
};

/// The image of a layout: that of the tag, or the only one; of several platforms the one that is asked for.
oci::Descriptor manifest_in(BlobFolder& layout, const std::string& tag, const oci::Platform& platform);

/// What the tag points to, or the only image of all platforms that there is.
oci::Descriptor top_in(BlobFolder& layout, const std::string& tag);

/// What the descriptor names: a manifest or an index.
RegistryManifest manifest_text(BlobFolder& layout, const oci::Descriptor& descriptor);

PulledImage read_layout_image(BlobFolder& layout, const oci::Descriptor& manifest, const oci::Platform& platform);

/// A source that owns the file it reads.
std::unique_ptr<Source> stream_file(std::unique_ptr<RandomAccess> file, std::uint64_t offset, std::uint64_t size_bytes);

}  // namespace mlbuild
