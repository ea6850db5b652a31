// The form of `docker save` (moby image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format"): manifest.json,
// the config, the layers. Layers go in as they are, gzip and all: docker, podman and skopeo look at a layer's bytes,
// not at its name, and inflating gigabytes only to let the reader compress them again would be waste.

#include "blob_copy.hpp"
#include "image_name.hpp"

#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/sys/atomic_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

/// Counts what goes into the archive.
class ArchiveWriter {
 public:
  ArchiveWriter(Sink& out, const CopyControl& control) : out_(out), control_(control) {}

  void add(const std::string& path, std::string_view content) {
    begin_file(path, content.size());
    write(as_bytes(content));
    control_.moved(content.size());
    end_file(content.size());
  }

  void add(const std::string& path, const LayerFacts& layer, BlobStore& store) {
    begin_file(path, layer.size_bytes);
    copy_blob(store, layer.digest, layer.size_bytes, out_, control_);
    written_bytes_ += layer.size_bytes;
    end_file(layer.size_bytes);
  }

  void finish() { write(tar_end_of_archive()); }
  std::uint64_t written_bytes() const { return written_bytes_; }

 private:
  void begin_file(const std::string& path, std::uint64_t size_bytes) {
    TarEntry entry;
    entry.path = path;
    entry.mtime_seconds = kMtimeSeconds;
    entry.size_bytes = size_bytes;
    write(as_bytes(tar_header(entry)));
  }
  void end_file(std::uint64_t size_bytes) { write(Bytes(tar_padding_bytes(size_bytes))); }
  void write(ByteSpan bytes) {
    out_.write(bytes);
    written_bytes_ += bytes.size();
  }

  Sink& out_;
  const CopyControl& control_;
  std::uint64_t written_bytes_ = 0;
};

void write_archive(const Image& image, const std::string& tag, BlobStore& store, ArchiveWriter& archive) {
  archive.add("manifest.json", archive_manifest(image, tag));  // first, for readers that do not want to seek
  archive.add(config_path(image), image.config_json);
  std::set<BlobDigest> done;
  for (const ImageLayer& layer : image.layers) {
    if (!done.insert(layer.facts.digest).second) continue;
    with_context([&] { return fmt::format("writing layer `{}`", layer.created_by); },
                 [&] { archive.add(layer_path(layer), layer.facts, store); });
  }
  archive.finish();
}

class DockerArchiveSink final : public ImageSink {
 public:
  explicit DockerArchiveSink(std::filesystem::path file) : file_(std::move(file)) {}

  PublishResult put(const std::vector<Image>& images, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    if (images.empty()) throw Error(ErrorKind::Internal, "no image to write");
    if (images.size() > 1) {
      throw Error(ErrorKind::Usage, fmt::format("a docker archive holds one platform, the image has {}", images.size()))
          .hint("choose one with `--platform`, or write an OCI layout with `-o oci:DIR`");
    }
    const CopyControl control{on_bytes, cancellation};
    AtomicFile file(file_);
    ArchiveWriter archive(file, control);
    write_archive(images.front(), tag, store, archive);
    file.commit();
    return {"docker:" + file_.string(), images.front().manifest.digest, archive.written_bytes(), 0};
  }

 private:
  std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<ImageSink> make_docker_archive_sink(std::filesystem::path file) {
  return std::make_unique<DockerArchiveSink>(std::move(file));
}

}  // namespace mlbuild
