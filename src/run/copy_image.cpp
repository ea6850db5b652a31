#include "mlbuild/run/copy_image.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/image/known_layers.hpp"
#include "mlbuild/pull/platform_choice.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

constexpr std::size_t kMaxImages = 64;  // of one index; more than any platform list has
constexpr std::size_t kMaxShownName = 80;

bool has_layers(const oci::Manifest& manifest) {
  return !manifest.layers.empty() && oci::layer_media_type(manifest.layers.front().media_type);
}

/// Of layers; attestations have blobs of other kinds.
std::vector<DiffId> diff_ids_of(const std::string& config_json, const oci::Manifest& manifest) {
  if (!has_layers(manifest)) return {};
  std::vector<DiffId> diff_ids = oci::parse_config(config_json).diff_ids;
  if (diff_ids.size() == manifest.layers.size()) return diff_ids;
  throw Error(ErrorKind::Foreign,
              fmt::format("the image has {} layers, but its config lists {}", manifest.layers.size(), diff_ids.size()));
}

/// Short enough for a table, and seen to be cut.
std::string shown_name(const std::string& name) {
  return printable(name.size() > kMaxShownName ? name.substr(0, kMaxShownName - 3) + "..." : name);
}

/// What built each layer.
std::vector<std::string> shown_names(const std::string& config_json, const oci::Manifest& manifest) {
  const oci::ImageConfig config = has_layers(manifest) ? oci::parse_config(config_json) : oci::ImageConfig{};
  std::vector<std::string> names = layer_names(config, manifest);
  for (std::string& name : names) {
    name = name.starts_with("sha256:") ? name.substr(0, 19) : shown_name(name);
  }
  return names;
}

Image read_image(ImageSource& source, const RegistryManifest& bytes, const std::optional<oci::Descriptor>& child) {
  const oci::Manifest manifest = oci::parse_manifest(bytes.bytes);
  Image image;
  image.manifest_json = bytes.bytes;
  image.manifest.media_type = bytes.media_type;
  image.manifest.digest = bytes.digest;
  image.manifest.size_bytes = bytes.bytes.size();
  image.config = manifest.config;
  image.config_json = source.config(manifest.config);
  const std::vector<DiffId> diff_ids = diff_ids_of(image.config_json, manifest);
  if (child && child->platform) image.platform = *child->platform;
  const std::vector<std::string> names = shown_names(image.config_json, manifest);
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    ImageLayer& layer = image.layers.emplace_back();
    layer.facts.media_type = manifest.layers[i].media_type;
    layer.facts.digest = manifest.layers[i].digest;
    layer.facts.size_bytes = manifest.layers[i].size_bytes;
    if (i < diff_ids.size()) layer.facts.diff_id = diff_ids[i];
    layer.created_by = names[i];
    if (std::optional<RecordedLayer> recorded = recorded_layer(manifest.layers[i])) {
      layer.facts.plain_size_bytes = recorded->plain_size_bytes;
      layer.facts.packages = std::move(recorded->packages);
    }
  }
  return image;
}

/// An image alone says in its config what it is for.
void check_platform(const Image& image, const oci::Platform& platform) {
  oci::Descriptor itself = image.manifest;
  itself.platform = oci::parse_config(image.config_json).platform;
  child_for({itself}, platform);
}

Image read_lone_image(ImageSource& source, const RegistryManifest& top, const std::optional<oci::Platform>& platform) {
  Image image = read_image(source, top, std::nullopt);
  if (platform) check_platform(image, *platform);
  return image;
}

Image read_child(ImageSource& source, const RegistryManifest& top, const oci::Platform& platform) {
  const oci::Index index = oci::parse_index(top.bytes);
  const oci::Descriptor& child = child_for(index.manifests, platform);
  return read_image(source, source.manifest(child), child);
}

}  // namespace

Image image_to_inspect(ImageSource& source, const std::optional<oci::Platform>& platform,
                       const oci::Platform& otherwise) {
  const RegistryManifest top = source.top();
  if (!oci::is_index_type(top.media_type)) return read_lone_image(source, top, platform);
  return read_child(source, top, platform.value_or(otherwise));
}

std::optional<Image> find_image(ImageSource& source, const oci::Platform& platform) {
  const RegistryManifest top = source.top();
  if (!oci::is_index_type(top.media_type)) {
    Image image = read_image(source, top, std::nullopt);
    return is_for(oci::parse_config(image.config_json).platform, platform) ? std::optional(std::move(image))
                                                                           : std::nullopt;
  }
  const oci::Index index = oci::parse_index(top.bytes);
  const oci::Descriptor* child = find_child(index.manifests, platform);
  if (child == nullptr) return std::nullopt;
  return read_image(source, source.manifest(*child), *child);
}

ImageSet image_to_copy(ImageSource& source, const std::optional<oci::Platform>& platform) {
  const RegistryManifest top = source.top();
  if (!oci::is_index_type(top.media_type)) return {read_lone_image(source, top, platform)};
  if (platform) return {read_child(source, top, *platform)};
  const oci::Index index = oci::parse_index(top.bytes);
  if (index.manifests.size() > kMaxImages) {
    throw Error(ErrorKind::Foreign, fmt::format("the index names {} images", index.manifests.size()))
        .hint("choose one with `--platform`");
  }
  std::vector<Image> images;
  for (const oci::Descriptor& child : index.manifests) {
    if (!oci::is_manifest_type(child.media_type)) {
      throw Error(ErrorKind::Foreign, fmt::format("the index names {}, which is `{}` and no image",
                                                  child.digest.to_string(), printable(child.media_type)))
          .hint("choose one of its images with `--platform`");
    }
    images.push_back(read_image(source, source.manifest(child), child));
  }
  TopManifest named;
  named.descriptor.media_type = top.media_type;
  named.descriptor.digest = top.digest;
  named.descriptor.size_bytes = top.bytes.size();
  named.json = top.bytes;
  return {std::move(images), std::move(named)};
}

SourceBlobs::SourceBlobs(ImageSource& source, const ImageSet& images) : source_(source) {
  for (const Image& image : images.images()) {
    for (const ImageLayer& layer : image.layers) {
      oci::Descriptor blob;
      blob.media_type = layer.facts.media_type;
      blob.digest = layer.facts.digest;
      blob.size_bytes = layer.facts.size_bytes;
      blobs_.emplace(blob.digest, std::move(blob));
    }
  }
}

std::optional<std::uint64_t> SourceBlobs::find(const BlobDigest& digest) {
  const auto found = blobs_.find(digest);
  return found == blobs_.end() ? std::nullopt : std::optional(found->second.size_bytes);
}

std::unique_ptr<Source> SourceBlobs::stream(const BlobDigest& digest) {
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) {
    throw Error(ErrorKind::Internal, fmt::format("{} is no layer of the image", digest.to_string()));
  }
  return source_.open_blob(found->second);
}

std::unique_ptr<RandomAccess> SourceBlobs::open(const BlobDigest&) {
  throw Error(ErrorKind::Internal, "a layer that is being copied is read as a stream only");
}

std::unique_ptr<BlobWriter> SourceBlobs::begin() {
  throw Error(ErrorKind::Internal, "nothing is kept of an image that is being copied");
}

void SourceBlobs::put_virtual(const BlobDigest&, std::uint64_t, const SegmentList&) {
  throw Error(ErrorKind::Internal, "nothing is kept of an image that is being copied");
}

}  // namespace mlbuild
