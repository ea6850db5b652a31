// A tar is either an OCI layout or what `docker save` writes; newer dockers write both into one. The layout is taken
// when it is there, since it has the digests that the images of a registry have, and the layers as they travel. An
// archive of the old kind names its layers by path only; their digests are those of the bytes in the archive.

#include "blob_folder.hpp"

#include "mlbuild/archive/tar_index.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/base/json_depth.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <map>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLinkHops = 8;

/// A range of the archive as a file of its own.
class MemberFile final : public RandomAccess {
 public:
  MemberFile(std::shared_ptr<const RandomAccess> archive, const TarMember& member)
      : archive_(std::move(archive)), offset_(member.offset), size_bytes_(member.size_bytes) {}
  std::uint64_t size_bytes() const override { return size_bytes_; }
  void read_at(std::uint64_t offset, MutableByteSpan buffer) const override {
    if (offset > size_bytes_ || buffer.size() > size_bytes_ - offset) {
      throw Error(ErrorKind::Foreign, "a range leaves the archive's member");
    }
    archive_->read_at(offset_ + offset, buffer);
  }

 private:
  std::shared_ptr<const RandomAccess> archive_;  // shared by the streams that are open at a time
  std::uint64_t offset_, size_bytes_;
};

std::string beside(const std::string& path, const std::string& target) {
  return std::filesystem::path(path).parent_path().append(target).lexically_normal().string();
}

class ArchiveFolder final : public BlobFolder {
 public:
  explicit ArchiveFolder(const std::filesystem::path& file) : path_(file), archive_(std::make_shared<DiskFile>(file)) {
    for (TarMember& member : read_tar_index(*archive_)) {
      std::string path = member.path;
      members_.emplace(std::move(path), std::move(member));
    }
  }

  std::unique_ptr<RandomAccess> open_file(const std::string& path) override {
    std::string at = path;
    for (std::size_t hop = 0; hop < kMaxLinkHops; ++hop) {  // `docker save` links layers that are there twice
      const auto found = members_.find(at);
      if (found == members_.end() || found->second.type == TarType::Directory) return nullptr;
      const TarMember& member = found->second;
      if (member.type == TarType::File) return std::make_unique<MemberFile>(archive_, member);
      at = member.type == TarType::Hardlink ? member.link_target : beside(at, member.link_target);
    }
    return nullptr;
  }
  std::string name() const override { return fmt::format("`{}`", printable(path_.string())); }

 private:
  const std::filesystem::path path_;
  const std::shared_ptr<const RandomAccess> archive_;
  std::map<std::string, TarMember> members_;
};

/// manifest.json of `docker save` (moby image-spec v1.2).
struct SavedImage {
  std::string config;  ///< path
  std::vector<std::string> layers;
};

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    throw Error(ErrorKind::Foreign, fmt::format("the archive's manifest.json has no `{}`", name));
  }
  return found->get<std::string>();
}

SavedImage parse_saved_image(std::string_view text, const std::string& where) {
  constexpr std::size_t kMaxDepth = 16;
  const json list = json_depth(text) > kMaxDepth ? json() : json::parse(text, nullptr, false);
  if (!list.is_array() || list.empty() || !list.front().is_object()) {
    throw Error(ErrorKind::Foreign, fmt::format("the manifest.json of {} is malformed", where));
  }
  if (list.size() > 1) {
    throw Error(ErrorKind::Spec, fmt::format("{} holds {} images", where, list.size()))
        .hint("save one image only: `docker save -o FILE IMAGE`");
  }
  SavedImage image;
  image.config = text_in(list.front(), "Config");
  const auto layers = list.front().find("Layers");
  if (layers == list.front().end() || !layers->is_array()) {
    throw Error(ErrorKind::Foreign, fmt::format("the manifest.json of {} has no `Layers`", where));
  }
  // Each is read as a whole for its digest, so that one large member which is named often takes days.
  if (layers->size() > kMaxLayers) {
    throw Error(ErrorKind::Foreign, fmt::format("the manifest.json of {} names {} layers", where, layers->size()));
  }
  for (const json& layer : *layers) {
    if (!layer.is_string()) throw Error(ErrorKind::Foreign, fmt::format("the manifest.json of {} is malformed", where));
    image.layers.push_back(layer.get<std::string>());
  }
  return image;
}

/// A docker-archive does not say how its layers are compressed.
std::string media_type_by_content(const RandomAccess& file) {
  std::array<std::byte, 4> magic{};
  if (file.size_bytes() >= magic.size()) file.read_at(0, magic);
  const std::string_view start = as_text(magic);
  if (start.starts_with("\x1F\x8B")) return std::string(oci::kLayerGzipMediaType);
  if (start == "\x28\xB5\x2F\xFD") return std::string(oci::kLayerZstdMediaType);
  return std::string(oci::kLayerMediaType);
}

BlobDigest digest_of(const RandomAccess& file) {
  RangeSource content(file, 0, file.size_bytes());
  NullSink nowhere;
  HashingSink hash(nowhere);
  copy(content, hash);
  return BlobDigest(hash.digest());
}

class ArchiveImage final : public BaseSource, public ImageSource {
 public:
  explicit ArchiveImage(const std::filesystem::path& file) : folder_(file) {
    is_layout_ = folder_.open_file("index.json") && folder_.open_file("oci-layout");
    if (is_layout_) return;
    if (!folder_.open_file("manifest.json")) {
      throw Error(ErrorKind::Spec,
                  fmt::format("{} holds no image: it has neither `index.json` nor `manifest.json`", folder_.name()))
          .hint(
              "make one with `docker save -o FILE IMAGE` or `mlbuild build -o docker:FILE`; "
              "a tar of a root filesystem is no image");
    }
    manifest_ = folder_.text("manifest.json", kManifestLimitBytes);
    saved_ = parse_saved_image(manifest_, folder_.name());
  }

  BlobDigest read_digest(const oci::Platform& platform) override {
    return is_layout_ ? manifest_in(folder_, "", platform).digest : BlobDigest(sha256(manifest_));
  }

  PulledImage read_image(const oci::Platform& platform) override {
    if (is_layout_) return read_layout_image(folder_, manifest_in(folder_, "", platform), platform);
    oci::Manifest manifest;
    manifest.layers = saved_layers();
    return pulled_image(BlobDigest(sha256(manifest_)), manifest, saved_config(), platform);
  }

  std::unique_ptr<Source> open_layer(std::size_t number, const oci::Descriptor& layer) override {
    if (is_layout_) return folder_.open_blob(layer);
    if (number >= saved_.layers.size()) {
      throw Error(ErrorKind::Foreign, fmt::format("{} has {} layers only", folder_.name(), saved_.layers.size()));
    }
    return saved_layer(number, layer);
  }

  RegistryManifest top() override {
    if (is_layout_) return manifest_text(folder_, top_in(folder_, ""));
    const std::string text = oci::to_json(saved_image());
    return {std::string(oci::kManifestMediaType), text, BlobDigest(sha256(text))};
  }
  RegistryManifest manifest(const oci::Descriptor& descriptor) override { return manifest_text(folder_, descriptor); }
  std::string config(const oci::Descriptor& descriptor) override {
    return is_layout_ ? folder_.blob_text(descriptor, kConfigLimitBytes) : saved_config();
  }
  std::unique_ptr<Source> open_blob(const oci::Descriptor& descriptor) override {
    if (is_layout_) return folder_.open_blob(descriptor);
    const auto number = numbers_.find(descriptor.digest);
    if (number == numbers_.end()) {
      throw Error(ErrorKind::Foreign, fmt::format("{} lacks layer {}", folder_.name(), descriptor.digest.to_string()));
    }
    return saved_layer(number->second, descriptor);
  }

 private:
  std::string saved_config() { return folder_.text(saved_.config, kConfigLimitBytes); }

  /// With the digests that the archive does not name.
  std::vector<oci::Descriptor> saved_layers() {
    std::vector<oci::Descriptor> layers;
    for (const std::string& path : saved_.layers) {
      const std::unique_ptr<RandomAccess> file = layer_file(path);
      oci::Descriptor& layer = layers.emplace_back();
      layer.media_type = media_type_by_content(*file);
      layer.digest = digest_of(*file);
      layer.size_bytes = file->size_bytes();
    }
    return layers;
  }

  oci::Manifest saved_image() {
    const std::string text = saved_config();
    oci::Manifest manifest;
    manifest.config.media_type = oci::kConfigMediaType;
    manifest.config.digest = BlobDigest(sha256(text));
    manifest.config.size_bytes = text.size();
    manifest.layers = saved_layers();
    for (std::size_t i = 0; i < manifest.layers.size(); ++i) numbers_.emplace(manifest.layers[i].digest, i);
    return manifest;
  }

  std::unique_ptr<Source> saved_layer(std::size_t number, const oci::Descriptor& layer) {
    std::unique_ptr<RandomAccess> file = layer_file(saved_.layers[number]);
    const std::uint64_t size_bytes = file->size_bytes();
    return std::make_unique<VerifyingSource>(stream_file(std::move(file), 0, size_bytes), layer.digest,
                                             layer.size_bytes);
  }

  std::unique_ptr<RandomAccess> layer_file(const std::string& path) {
    std::unique_ptr<RandomAccess> file = folder_.open_file(path);
    if (!file) throw Error(ErrorKind::Foreign, fmt::format("{} lacks layer `{}`", folder_.name(), printable(path)));
    return file;
  }

  ArchiveFolder folder_;
  bool is_layout_ = false;
  std::string manifest_;
  SavedImage saved_;
  std::map<BlobDigest, std::size_t> numbers_;  ///< of layers, filled by top()
};

}  // namespace

std::unique_ptr<BaseSource> open_archive_image(std::filesystem::path file) {
  return std::make_unique<ArchiveImage>(file);
}

std::unique_ptr<ImageSource> copy_from_archive(std::filesystem::path file) {
  return std::make_unique<ArchiveImage>(file);
}

}  // namespace mlbuild
