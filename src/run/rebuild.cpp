#include "mlbuild/run/rebuild.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/layer/tree.hpp"
#include "mlbuild/oci/estargz.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFiles = "files";

BuildRecord record_in(const Image& image) {
  const std::optional<std::string> record = build_record_of(oci::parse_manifest(image.manifest_json));
  if (record) return parse_build_record(*record);
  throw Error(ErrorKind::Usage, "the image does not say what it was built from")
      .hint(
          "only images that mlbuild built say it, in their manifest, which docker's archives do not keep; name the "
          "spec, as in `mlbuild verify IMAGE mlbuild.yaml`");
}

/// A member of the spec's steps, which nobody has read yet: whoever made the image wrote it.
json member_of(const json& owner, const char* name, const json& absent) {
  json value = owner.is_object() ? owner.value(name, absent) : json();
  if (value.type() == absent.type()) return value;
  throw Error(ErrorKind::Foreign, "the steps make no sense in the spec of the image's build record");
}

void refuse_inputs(const json& spec) {
  const json steps = member_of(spec, "steps", json::array());
  for (const json& step : steps) {
    const std::string name = member_of(step, "name", "").get<std::string>();
    if (member_of(step, "inputs", json::array()).empty()) continue;
    throw Error(ErrorKind::Usage, fmt::format("step `{}` of the image reads files that are not in it", printable(name)))
        .hint("name the spec, as in `mlbuild verify IMAGE mlbuild.yaml`, in a checkout of what was built");
  }
}

/// Copies that put each file where it was in the layer. What only its form needs is made anew.
json copies_of(const fs::path& files, bool is_estargz) {
  json copies = json::array();
  for (const fs::directory_entry& entry : fs::directory_iterator(files)) {
    const std::string name = entry.path().filename().string();
    if (is_estargz && oci::is_estargz_file(name)) continue;
    copies.push_back({{"from", fmt::format("{}/{}", kFiles, name)}, {"to", "/" + name}});
  }
  return copies;
}

/// The application is always on top.
json unpacked_application(const Image& image, BlobStore& layers, const fs::path& directory, bool is_estargz,
                          const Cancellation& cancellation) {
  if (image.layers.empty()) throw Error(ErrorKind::Foreign, "the image has an application but no layer");
  const fs::path files = directory / kFiles;
  make_directories(files);
  const std::unique_ptr<Source> layer = layers.stream(image.layers.back().facts.digest);
  unpack_layers({layer.get()}, files, cancellation);
  return copies_of(files, is_estargz);
}

class BaseInImage final : public BaseSource {
 public:
  explicit BaseInImage(BlobStore& layers) : layers_(layers) {}
  BlobDigest read_digest(const oci::Platform&) override { refuse(); }
  PulledImage read_image(const oci::Platform&) override { refuse(); }
  std::unique_ptr<Source> open_layer(std::size_t, const oci::Descriptor& layer) override {
    return layers_.stream(layer.digest);
  }

 private:
  [[noreturn]] static void refuse() {
    throw Error(ErrorKind::Internal, "the base of a build record is locked already");
  }
  BlobStore& layers_;
};

json parse_spec_part(const std::string& text) {
  json spec = json::parse(text, nullptr, false);
  if (!spec.is_object()) throw Error(ErrorKind::Foreign, "the image's build record has no spec");
  return spec;
}

}  // namespace

BuildRequest Rebuild::request() const {
  BuildRequest request;
  request.spec = &spec;
  request.variant = &spec.variants.front();
  request.image = &lock.images.front();
  request.epoch_seconds = epoch_seconds;
  request.force = true;
  return request;
}

std::unique_ptr<BaseSource> base_in(BlobStore& layers) { return std::make_unique<BaseInImage>(layers); }

Rebuild rebuild_of(const Image& image, BlobStore& layers, const fs::path& directory, const Cancellation& cancellation) {
  const BuildRecord record = record_in(image);
  json spec = parse_spec_part(record.spec_json);
  refuse_inputs(spec);
  const json::json_pointer lazy("/layers/lazy");
  const bool is_estargz = spec.contains(lazy) && spec[lazy] == "estargz";
  if (record.has_app) spec["app"] = unpacked_application(image, layers, directory, is_estargz, cancellation);
  const fs::path path = directory / "mlbuild.yaml";
  write_file_atomically(path, spec.dump());
  Rebuild rebuild;
  rebuild.spec =
      with_context([] { return "reading the spec in the image's build record"; }, [&] { return read_spec(path); });
  rebuild.lock = parse_lock(record.lock_json, "the lock in the image's build record");
  if (rebuild.lock.images.size() != 1) {
    throw Error(ErrorKind::Foreign, "the lock in the image's build record is not one image's");
  }
  const std::optional<std::int64_t> epoch = created_epoch_seconds(oci::parse_config(image.config_json));
  if (!epoch) throw Error(ErrorKind::Foreign, "the image's time of creation is none that mlbuild writes");
  rebuild.epoch_seconds = *epoch;
  return rebuild;
}

}  // namespace mlbuild
