// The form of `docker save`, as described in the moby image-spec v1.2 ("Combined Image JSON + Filesystem Changeset Format"), with one
// manifest.json. Layers go in as they are, gzip and all: docker, podman and skopeo look at the bytes, not at the name.

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "blob_copy.hpp"
#include "mlbuild/archive/tar.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/sys/file.hpp"

namespace mlbuild {
namespace {

constexpr std::int64_t kEpochSeconds = 315532800;

std::string layer_name(const BlobDigest& digest) { return fmt::format("{}.tar", digest.hex()); }

/// "name" alone means "name:latest", as everywhere in docker.
std::string repo_tag(const std::string& tag) {
  oci::Reference reference = oci::Reference::parse(tag);
  if (reference.tag.empty()) reference.tag = "latest";
  reference.digest.reset();
  return reference.to_string();
}

std::string archive_manifest(const Image& image, const std::string& tag) {
  nlohmann::json layers = nlohmann::json::array();
  for (const ImageLayer& layer : image.layers) layers.push_back(layer_name(layer.facts.digest));
  const nlohmann::json entry{{"Config", image.config.digest.hex() + ".json"}, {"RepoTags", {repo_tag(tag)}}, {"Layers", layers}};
  return nlohmann::json::array({entry}).dump();
}

class ArchiveWriter {
 public:
  explicit ArchiveWriter(Sink& out) : out_(out) {}
  void add(const std::string& path, Source& content, std::uint64_t size_bytes) {
    TarEntry entry;
    entry.path = path;
    entry.mtime_seconds = kEpochSeconds;
    entry.size_bytes = size_bytes;
    out_.write(as_bytes(tar_header(entry)));
    if (copy(content, out_) != size_bytes) throw Error(ErrorKind::Internal, fmt::format("`{}` has another size than its descriptor", path));
    const Bytes padding(tar_padding_bytes(size_bytes));
    out_.write(padding);
    written_bytes_ += size_bytes;
  }
  void add(const std::string& path, std::string_view content) {
    SpanSource source(as_bytes(content));
    add(path, source, content.size());
  }
  void finish() { out_.write(tar_end_of_archive()); }
  std::uint64_t written_bytes() const { return written_bytes_; }

 private:
  Sink& out_;
  std::uint64_t written_bytes_ = 0;
};

class DockerArchiveSink final : public ImageSink {
 public:
  explicit DockerArchiveSink(std::filesystem::path file) : file_(std::move(file)) {}

  PublishResult put(const std::vector<Image>& images, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    if (images.size() != 1) {
      throw Error(ErrorKind::Usage, fmt::format("a docker archive holds one platform, the image has {}", images.size()))
          .hint("choose one with `--platform`, or write an OCI layout with `-o oci:DIR`");
    }
    const Image& image = images.front();
    AtomicFile file(file_);
    ReportingSink out(file, on_bytes, cancellation);
    ArchiveWriter archive(out);
    archive.add("manifest.json", archive_manifest(image, tag));  // first: readers that stream need it early
    archive.add(image.config.digest.hex() + ".json", image.config_json);
    std::set<BlobDigest> done;
    for (const ImageLayer& layer : image.layers) {
      if (!done.insert(layer.facts.digest).second) continue;
      const std::unique_ptr<Source> bytes = store.stream(layer.facts.digest);
      archive.add(layer_name(layer.facts.digest), *bytes, layer.facts.size_bytes);
    }
    archive.finish();
    file.commit();
    return {"docker:" + file_.string(), image.manifest.digest, archive.written_bytes(), 0};
  }

 private:
  std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<ImageSink> make_docker_archive_sink(std::filesystem::path file) { return std::make_unique<DockerArchiveSink>(std::move(file)); }

}  // namespace mlbuild
