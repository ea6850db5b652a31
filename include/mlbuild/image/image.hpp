#pragma once

#include "mlbuild/layer/layer.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/spec/spec.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlbuild {

/// A wheel that was built from source, as whoever has none of the inputs needs to know it: the key of its layer can
/// only be computed from what the build made.
struct BuiltWheelNote {
  StepKey key;  ///< of the build
  std::string filename;
  BlobDigest digest;
  friend bool operator==(const BuiltWheelNote&, const BuiltWheelNote&) = default;
};

/// A layer in its place in an image. Key, plain size and built wheels go along as annotations (docs/formats/image.md).
struct ImageLayer {
  LayerFacts facts;
  StepKey key;
  std::string created_by;                    ///< history line: "wheel numpy 1.26.4"
  std::vector<BuiltWheelNote> built_wheels;  ///< those that the layer holds
  bool is_base = false;      ///< of a base that mlbuild did not make: no annotations, history as its config has it
  bool hides_lower = false;  ///< by whiteouts, what layers below it have
};

/// An image as bytes; layers are in the store. Made by compose_image, or somebody else's byte for byte.
struct Image {
  oci::Platform platform;
  std::string config_json;
  std::string manifest_json;
  oci::Descriptor config;
  oci::Descriptor manifest;
  std::vector<ImageLayer> layers;               ///< bottom to top
  std::uint64_t compressed_size_bytes() const;  ///< layers and config
  std::uint64_t plain_size_bytes() const;
};

/// What the name of an image points to: a manifest, or for several platforms an index of theirs.
struct TopManifest {
  oci::Descriptor descriptor;
  std::string json;
};

/// Images that get one name together: one, or one for each platform.
class ImageSet {
 public:
  ImageSet(std::vector<Image> images) : images_(std::move(images)) {}  // NOLINT(*-explicit-*): a set of no index
  ImageSet(std::initializer_list<Image> images) : images_(images) {}
  /// Under an index that somebody else made.
  ImageSet(std::vector<Image> images, TopManifest index) : images_(std::move(images)), index_(std::move(index)) {}

  const std::vector<Image>& images() const { return images_; }
  /// Images that an index names; a single one may be its own top.
  bool has_index() const { return index_ || images_.size() > 1; }
  TopManifest top() const;  ///< of at least one image
  std::uint64_t compressed_size_bytes() const;

 private:
  std::vector<Image> images_;
  std::optional<TopManifest> index_;  ///< empty: our own, when there are several
};

/// Pure: the same layers and config give the same bytes. `base`: config of a base that mlbuild did not make, which the
/// first layers are of; it is inherited as by docker's FROM: variables, labels, ports and volumes are added to, an
/// entrypoint of one's own resets the inherited command, other values replace. `build_record`: what the image was built
/// from, encoded (run/build_record.hpp); goes along as an annotation of the manifest.
Image compose_image(const std::vector<ImageLayer>& layers, const RunConfig& config, const oci::Platform& platform,
                    std::int64_t created_epoch_seconds, const oci::ImageConfig* base = nullptr,
                    std::string_view build_record = {});
/// The line of history that made each layer, bottom to top; the layers' digests where an image tells no such lines.
std::vector<std::string> layer_names(const oci::ImageConfig& config, const oci::Manifest& manifest);
/// Seconds since 1970 of `created`, as compose_image() writes it; nothing when it is something else.
std::optional<std::int64_t> created_epoch_seconds(const oci::ImageConfig& config);
/// Somebody else's manifest may say anything there.
std::optional<std::string> build_record_of(const oci::Manifest& manifest);

}  // namespace mlbuild
