// Layers go in as they are, gzip and all: docker, podman and skopeo look at a layer's bytes, not at its name, and
// inflating gigabytes only to let the reader compress them again would be waste.

#include "docker_archive.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/image_name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace mlbuild {
namespace {

using nlohmann::json;

constexpr std::int64_t kMtimeSeconds = 315532800;  // 1980-01-01: a fixed one, that every tool can express

std::string config_path(const Image& image) { return image.config.digest.hex() + ".json"; }
std::string layer_path(const ImageLayer& layer) { return layer.facts.digest.hex() + ".tar.gz"; }

std::string archive_manifest(const Image& image, const std::string& tag) {
  json entry = json::object();
  entry["Config"] = config_path(image);
  entry["RepoTags"] = json::array();
  if (!tag.empty()) entry["RepoTags"].push_back(image_name(tag).to_string());
  entry["Layers"] = json::array();
  for (const ImageLayer& layer : image.layers) entry["Layers"].push_back(layer_path(layer));
  json manifest = json::array();
  manifest.push_back(std::move(entry));
  return manifest.dump();
}

/// Part after part; the layer at hand is open, no other.
class ArchiveSource final : public Source {
 public:
  ArchiveSource(const std::vector<DockerArchive::Part>& parts, BlobStore& store, const CopyControl& control)
      : parts_(parts), store_(store), control_(control) {}

  std::size_t read(MutableByteSpan buffer) override {
    control_.cancellation.check();
    while (!buffer.empty() && at_ < parts_.size()) {
      const DockerArchive::Part& part = parts_[at_];
      const std::size_t count = part.layer == nullptr ? read_text(part, buffer) : read_layer(*part.layer, buffer);
      given_bytes_ += count;
      if (count > 0) return count;
      ++at_;
      given_bytes_ = 0;
    }
    return 0;
  }

 private:
  std::size_t read_text(const DockerArchive::Part& part, MutableByteSpan buffer) {
    const ByteSpan rest = as_bytes(part.bytes).subspan(given_bytes_);
    const std::size_t count = std::min(rest.size(), buffer.size());
    std::copy_n(rest.begin(), count, buffer.begin());
    if (count == 0 && part.told_bytes > 0) control_.moved(part.told_bytes);
    return count;
  }
  std::size_t read_layer(const ImageLayer& layer, MutableByteSpan buffer) {
    return with_context([&] { return fmt::format("writing layer `{}`", layer.created_by); },
                        [&] { return read_blob(layer.facts, buffer); });
  }
  std::size_t read_blob(const LayerFacts& facts, MutableByteSpan buffer) {
    if (!blob_) blob_ = store_.stream(facts.digest);
    const std::size_t count = blob_->read(buffer);
    if (count == 0 ? given_bytes_ != facts.size_bytes : given_bytes_ + count > facts.size_bytes) {
      throw Error(ErrorKind::Internal, fmt::format("blob {} has other than the {} bytes of its descriptor",
                                                   facts.digest.to_string(), facts.size_bytes));
    }
    control_.moved(count);
    if (count == 0) blob_.reset();
    return count;
  }

  const std::vector<DockerArchive::Part>& parts_;
  BlobStore& store_;
  const CopyControl& control_;
  std::size_t at_ = 0;
  std::size_t given_bytes_ = 0;  ///< of the part at hand
  std::unique_ptr<Source> blob_;
};

}  // namespace

DockerArchive::DockerArchive(const Image& image, const std::string& tag) {
  add_text("manifest.json", archive_manifest(image, tag), 0);  // first, for readers that do not want to seek
  add_text(config_path(image), image.config_json, image.config_json.size());
  std::set<BlobDigest> done;
  for (const ImageLayer& layer : image.layers) {
    if (done.insert(layer.facts.digest).second) add_layer(layer);
  }
  parts_.push_back({std::string(as_text(tar_end_of_archive()))});
}

void DockerArchive::begin_file(const std::string& path, std::uint64_t size_bytes) {
  TarEntry entry;
  entry.path = path;
  entry.mtime_seconds = kMtimeSeconds;
  entry.size_bytes = size_bytes;
  parts_.push_back({tar_header(entry)});
}

void DockerArchive::add_text(const std::string& path, const std::string& content, std::uint64_t told_bytes) {
  begin_file(path, content.size());
  parts_.push_back({content + std::string(tar_padding_bytes(content.size()), '\0'), told_bytes});
}

void DockerArchive::add_layer(const ImageLayer& layer) {
  begin_file(layer_path(layer), layer.facts.size_bytes);
  parts_.push_back({"", 0, &layer});
  parts_.push_back({std::string(tar_padding_bytes(layer.facts.size_bytes), '\0')});
}

std::uint64_t DockerArchive::size_bytes() const {
  std::uint64_t sum = 0;
  for (const Part& part : parts_) sum += part.size_bytes();
  return sum;
}

std::unique_ptr<Source> DockerArchive::open(BlobStore& store, const CopyControl& control) const {
  return std::make_unique<ArchiveSource>(parts_, store, control);
}

void check_single_image(std::size_t image_count, const std::string& holder) {
  if (image_count == 0) throw Error(ErrorKind::Internal, "no image to write");
  if (image_count == 1) return;
  throw Error(ErrorKind::Usage, fmt::format("{} one platform, the image has {}", holder, image_count))
      .hint("choose one with `--platform`, or write an OCI layout with `-o oci:DIR`");
}

const Image& single_image(const ImageSet& set, const std::string& holder) {
  check_single_image(set.images().size(), holder);
  return set.images().front();
}

}  // namespace mlbuild
