// OCI image-spec v1.1, image-layout.md. Order of writing makes interruption harmless: blobs first (each appears by rename), index.json last.

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "blob_copy.hpp"
#include "mlbuild/base/error.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/oci/oci.hpp"
#include "mlbuild/publish/sink.hpp"
#include "mlbuild/sys/file.hpp"

namespace mlbuild {
namespace {

constexpr std::string_view kLayoutFile = R"({"imageLayoutVersion":"1.0.0"})";
constexpr const char* kRefName = "org.opencontainers.image.ref.name";

/// The part of a name that a layout's readers look up: "1.4" of "churn-train:1.4".
std::string ref_name(const std::string& tag) {
  const std::size_t colon = tag.rfind(':');
  const bool has_tag = colon != std::string::npos && tag.find('/', colon) == std::string::npos;
  return has_tag ? tag.substr(colon + 1) : "latest";
}

class OciLayoutSink final : public ImageSink {
 public:
  explicit OciLayoutSink(std::filesystem::path directory) : directory_(std::move(directory)) {}

  PublishResult put(const std::vector<Image>& images, const std::string& tag, BlobStore& store,
                    const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation) override {
    prepare();
    PublishResult result;
    result.where = "oci:" + directory_.string();
    std::set<BlobDigest> done;
    for (const Image& image : images) {
      for (const ImageLayer& layer : image.layers) {
        if (done.insert(layer.facts.digest).second) put_layer(layer, store, on_bytes, cancellation, result);
      }
      put_json(image.config.digest, image.config_json, result);
      put_json(image.manifest.digest, image.manifest_json, result);
    }
    const oci::Descriptor top = images.size() == 1 ? images.front().manifest : put_index(images, result);
    result.digest = top.digest;
    point_to(top, ref_name(tag));
    return result;
  }

 private:
  std::filesystem::path blob_path(const BlobDigest& digest) const { return directory_ / "blobs/sha256" / digest.hex(); }

  void prepare() const {
    std::error_code error;
    const bool exists = std::filesystem::exists(directory_ / "index.json", error);
    if (!exists && std::filesystem::exists(directory_, error) && !std::filesystem::is_empty(directory_, error) &&
        !std::filesystem::exists(directory_ / "oci-layout", error) && !std::filesystem::exists(directory_ / "blobs", error)) {
      throw Error(ErrorKind::Usage, fmt::format("`{}` is no OCI layout and not empty", directory_.string())).hint("name an empty or new directory");
    }
    std::filesystem::create_directories(directory_ / "blobs/sha256", error);
    if (error) throw_errno(error.value(), "cannot create", directory_ / "blobs/sha256");
    if (!std::filesystem::exists(directory_ / "oci-layout")) write_file_atomically(directory_ / "oci-layout", kLayoutFile);
  }

  bool is_there(const BlobDigest& digest, std::uint64_t size_bytes) const {
    struct stat status {};
    return ::stat(blob_path(digest).c_str(), &status) == 0 && S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == size_bytes;
  }

  void put_layer(const ImageLayer& layer, BlobStore& store, const std::function<void(std::uint64_t)>& on_bytes, const Cancellation& cancellation,
                 PublishResult& result) const {
    const LayerFacts& facts = layer.facts;
    if (is_there(facts.digest, facts.size_bytes)) {
      result.reused_bytes += facts.size_bytes;
      return;
    }
    with_context([&] { return fmt::format("writing layer `{}`", layer.created_by); },
                 [&] {
                   AtomicFile file(blob_path(facts.digest));
                   ReportingSink out(file, on_bytes, cancellation);
                   const std::unique_ptr<Source> bytes = store.stream(facts.digest);
                   result.written_bytes += copy(*bytes, out);
                   file.commit();
                 });
  }

  void put_json(const BlobDigest& digest, std::string_view json, PublishResult& result) const {
    if (is_there(digest, json.size())) {
      result.reused_bytes += json.size();
      return;
    }
    write_file_atomically(blob_path(digest), json);
    result.written_bytes += json.size();
  }

  oci::Descriptor put_index(const std::vector<Image>& images, PublishResult& result) const {
    oci::Index index;
    for (const Image& image : images) index.manifests.push_back(image.manifest);
    const std::string json = oci::to_json(index);
    oci::Descriptor descriptor;
    descriptor.media_type = oci::kIndexMediaType;
    descriptor.digest = BlobDigest(sha256(json));
    descriptor.size_bytes = json.size();
    put_json(descriptor.digest, json, result);
    return descriptor;
  }

  /// Other tags stay; this one moves.
  void point_to(oci::Descriptor top, const std::string& name) const {
    const std::filesystem::path path = directory_ / "index.json";
    oci::Index index;
    std::string before;
    if (std::filesystem::exists(path)) {
      before = read_text_file(path);
      index = with_context([&] { return fmt::format("reading `{}`", path.string()); }, [&] { return oci::parse_index(before); });
    }
    std::erase_if(index.manifests, [&](const oci::Descriptor& other) {
      const auto found = other.annotations.find(kRefName);
      return found != other.annotations.end() && found->second == name;
    });
    top.annotations[kRefName] = name;
    index.manifests.push_back(std::move(top));
    std::sort(index.manifests.begin(), index.manifests.end(), [](const oci::Descriptor& a, const oci::Descriptor& b) {
      const auto key = [](const oci::Descriptor& d) { return d.annotations.contains(kRefName) ? d.annotations.at(kRefName) : std::string(); };
      return std::pair(key(a), a.digest) < std::pair(key(b), b.digest);
    });
    const std::string after = oci::to_json(index);
    if (after != before) write_file_atomically(path, after);
  }

  std::filesystem::path directory_;
};

}  // namespace

std::unique_ptr<ImageSink> make_oci_layout_sink(std::filesystem::path directory) { return std::make_unique<OciLayoutSink>(std::move(directory)); }

}  // namespace mlbuild
