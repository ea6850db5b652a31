#include "blob_folder.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/pull/platform_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlbuild {
namespace {

constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr int kMaxDepth = 3;  // an index in the index is common, one more is odd

class OwnedFileSource final : public Source {
 public:
  OwnedFileSource(std::unique_ptr<RandomAccess> file, std::uint64_t offset, std::uint64_t size_bytes)
      : file_(std::move(file)), range_(*file_, offset, size_bytes) {}
  std::size_t read(MutableByteSpan buffer) override { return range_.read(buffer); }

 private:
  std::unique_ptr<RandomAccess> file_;
  RangeSource range_;
};

std::string blob_path(const BlobDigest& digest) { return "blobs/sha256/" + digest.hex(); }

std::string tag_of(const oci::Descriptor& descriptor) {
  const auto found = descriptor.annotations.find(kRefName);
  return found == descriptor.annotations.end() ? "" : found->second;
}

/// The platform of a manifest whose descriptor does not tell it is in its config.
oci::Platform platform_of(BlobFolder& layout, const oci::Descriptor& descriptor) {
  if (descriptor.platform) return *descriptor.platform;
  const oci::Manifest manifest = oci::parse_manifest(layout.blob_text(descriptor, kManifestLimitBytes));
  return oci::parse_config(layout.blob_text(manifest.config, kConfigLimitBytes)).platform;
}

/// All images of the layout for the platform.
void collect(BlobFolder& layout, const std::vector<oci::Descriptor>& descriptors, const oci::Platform& platform,
             int depth, std::vector<oci::Descriptor>& found) {
  for (const oci::Descriptor& descriptor : descriptors) {
    if (oci::is_index_type(descriptor.media_type) && depth < kMaxDepth) {
      const oci::Index index = oci::parse_index(layout.blob_text(descriptor, kManifestLimitBytes));
      collect(layout, index.manifests, platform, depth + 1, found);
    } else if (oci::is_manifest_type(descriptor.media_type) && is_for(platform_of(layout, descriptor), platform)) {
      found.push_back(descriptor);
    }
  }
}

std::vector<oci::Descriptor> with_tag(const oci::Index& index, const std::string& tag, const std::string& where) {
  if (tag.empty()) return index.manifests;
  std::vector<oci::Descriptor> tagged;
  std::vector<std::string> tags;
  for (const oci::Descriptor& descriptor : index.manifests) {
    if (tag_of(descriptor) == tag) tagged.push_back(descriptor);
    if (const std::string other = tag_of(descriptor); !other.empty()) tags.push_back(printable(other));
  }
  if (!tagged.empty()) return tagged;
  throw Error(ErrorKind::Spec, fmt::format("{} has no image `{}`", where, printable(tag)))
      .hint(tags.empty() ? "it has none with a tag; leave the tag out" : fmt::format("it has {}", join(tags, ", ")));
}

}  // namespace

std::unique_ptr<Source> stream_file(std::unique_ptr<RandomAccess> file, std::uint64_t offset,
                                    std::uint64_t size_bytes) {
  return std::make_unique<OwnedFileSource>(std::move(file), offset, size_bytes);
}

std::string BlobFolder::text(const std::string& path, std::uint64_t limit_bytes) {
  const std::unique_ptr<RandomAccess> file = open_file(path);
  if (!file) throw Error(ErrorKind::Foreign, fmt::format("{} has no `{}`", name(), path));
  return std::string(as_text(read_all(*file, limit_bytes)));
}

std::string BlobFolder::blob_text(const oci::Descriptor& blob, std::uint64_t limit_bytes) {
  if (blob.size_bytes > limit_bytes) {
    throw Error(ErrorKind::Foreign,
                fmt::format("{} says that {} has {}", name(), blob.digest.to_string(), human_bytes(blob.size_bytes)));
  }
  return std::string(as_text(read_all(*open_blob(blob), limit_bytes)));
}

std::unique_ptr<Source> BlobFolder::open_blob(const oci::Descriptor& blob) {
  std::unique_ptr<RandomAccess> file = open_file(blob_path(blob.digest));
  if (!file) {
    throw Error(ErrorKind::Foreign, fmt::format("{} lacks blob {}", name(), blob.digest.to_string()))
        .hint("it is incomplete; write it again");
  }
  const std::uint64_t size_bytes = file->size_bytes();
  return std::make_unique<VerifyingSource>(stream_file(std::move(file), 0, size_bytes), blob.digest, blob.size_bytes);
}

oci::Descriptor manifest_in(BlobFolder& layout, const std::string& tag, const oci::Platform& platform) {
  const oci::Index index = oci::parse_index(layout.text("index.json", kManifestLimitBytes));
  const std::vector<oci::Descriptor> tops = with_tag(index, tag, layout.name());
  std::vector<oci::Descriptor> found;
  collect(layout, tops, platform, 0, found);
  std::set<BlobDigest> digests;
  for (const oci::Descriptor& descriptor : found) digests.insert(descriptor.digest);
  if (digests.size() == 1) return found.front();
  if (digests.empty()) {
    throw Error(ErrorKind::Spec, fmt::format("{} has no image for {}", layout.name(), platform.to_string()))
        .hint("name a base for this platform, or change `platforms`");
  }
  std::vector<std::string> tags;
  for (const oci::Descriptor& top : tops) {
    if (const std::string other = tag_of(top); !other.empty()) tags.push_back(printable(other));
  }
  throw Error(ErrorKind::Spec,
              fmt::format("{} has {} images for {}", layout.name(), digests.size(), platform.to_string()))
      .hint(tags.empty()
                ? "keep one image in it"
                : fmt::format("name one by its tag, as in `DIR:{}`; it has {}", tags.front(), join(tags, ", ")));
}

oci::Descriptor top_in(BlobFolder& layout, const std::string& tag) {
  const oci::Index index = oci::parse_index(layout.text("index.json", kManifestLimitBytes));
  std::map<BlobDigest, oci::Descriptor> tops;
  std::vector<std::string> tags;
  for (const oci::Descriptor& top : with_tag(index, tag, layout.name())) {
    tops.emplace(top.digest, top);
    if (const std::string other = tag_of(top); !other.empty()) tags.push_back(printable(other));
  }
  if (tops.size() == 1) return tops.begin()->second;
  if (tops.empty()) throw Error(ErrorKind::Usage, fmt::format("{} holds no image", layout.name()));
  throw Error(ErrorKind::Usage, fmt::format("{} holds {} images", layout.name(), tops.size()))
      .hint(tags.empty()
                ? "keep one image in it"
                : fmt::format("name one by its tag, as in `oci:DIR:{}`; it has {}", tags.front(), join(tags, ", ")));
}

RegistryManifest manifest_text(BlobFolder& layout, const oci::Descriptor& descriptor) {
  return {descriptor.media_type, layout.blob_text(descriptor, kManifestLimitBytes), descriptor.digest};
}

PulledImage read_layout_image(BlobFolder& layout, const oci::Descriptor& descriptor, const oci::Platform& platform) {
  const oci::Manifest manifest = oci::parse_manifest(layout.blob_text(descriptor, kManifestLimitBytes));
  return pulled_image(descriptor.digest, manifest, layout.blob_text(manifest.config, kConfigLimitBytes), platform);
}

}  // namespace mlbuild
