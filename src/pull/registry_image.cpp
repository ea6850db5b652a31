#include "pulled_image.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/io/pipe_source.hpp"
#include "mlbuild/io/sha256.hpp"
#include "mlbuild/pull/image_source.hpp"
#include "mlbuild/pull/platform_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlbuild {
namespace {

/// Passes bytes on; a transfer that begins anew gives the same bytes again, which are passed over as far as they went
/// the first time. That they are the same, only the digest of all that was passed on tells.
class ResumedSink final : public Sink {
 public:
  explicit ResumedSink(Sink& next) : next_(next) {}
  void restart() { at_ = 0; }
  void write(ByteSpan bytes) override {
    const std::uint64_t known = std::min<std::uint64_t>(passed_ - at_, bytes.size());
    at_ += bytes.size();
    bytes = bytes.subspan(known);
    if (bytes.empty()) return;
    next_.write(bytes);
    passed_ = at_;
  }

 private:
  Sink& next_;
  std::uint64_t at_ = 0, passed_ = 0;
};

class RegistryImage final : public BaseSource, public ImageSource {
 public:
  RegistryImage(std::shared_ptr<RegistryClient> client, oci::Reference where)
      : client_(std::move(client)), where_(std::move(where)) {}

  BlobDigest read_digest(const oci::Platform& platform) override { return manifest_for(platform).digest; }

  PulledImage read_image(const oci::Platform& platform) override {
    const RegistryManifest bytes = manifest_for(platform);
    const oci::Manifest manifest = oci::parse_manifest(bytes.bytes);
    return pulled_image(bytes.digest, manifest, config(manifest.config), platform);
  }

  std::unique_ptr<Source> open_layer(std::size_t, const oci::Descriptor& layer) override { return open_blob(layer); }

  RegistryManifest top() override { return fetch(where_.digest ? where_.digest->to_string() : where_.tag); }

  RegistryManifest manifest(const oci::Descriptor& descriptor) override { return fetch(descriptor.digest.to_string()); }

  std::string config(const oci::Descriptor& descriptor) override {
    if (descriptor.size_bytes > kConfigLimitBytes) {
      throw Error(ErrorKind::Foreign, fmt::format("its config has {} bytes", descriptor.size_bytes));
    }
    std::optional<BytesSink> text;
    client_->fetch_blob(where_.repository, descriptor, [&]() -> Sink& { return text.emplace(kConfigLimitBytes); });
    return std::string(text->text());
  }

  std::unique_ptr<Source> open_blob(const oci::Descriptor& layer) override {
    auto bytes = pipe_from([client = client_, repository = where_.repository, layer](Sink& out) {
      ResumedSink resumed(out);
      client->fetch_blob(repository, layer, [&]() -> Sink& {
        resumed.restart();
        return resumed;
      });
    });
    // Each try was checked by itself: what a mirror began and the registry ended is nobody's try.
    return std::make_unique<VerifyingSource>(std::move(bytes), layer.digest, layer.size_bytes);
  }

 private:
  RegistryManifest fetch(const std::string& reference) {
    std::optional<RegistryManifest> manifest = client_->fetch_manifest(where_.repository, reference);
    if (manifest) return std::move(*manifest);
    throw Error(ErrorKind::Network, fmt::format("registry `{}` has no image `{}`", where_.host, where_.to_string()))
        .hint("look at name and tag; a private image needs `mlbuild login`");
  }

  RegistryManifest manifest_for(const oci::Platform& platform) {
    RegistryManifest named = top();
    if (!oci::is_index_type(named.media_type)) return named;
    return manifest(child_for(oci::parse_index(named.bytes).manifests, platform));
  }

  const std::shared_ptr<RegistryClient> client_;  // shared by the images of one registry, and by streams that are open
  const oci::Reference where_;
};

}  // namespace

std::unique_ptr<BaseSource> open_registry_image(std::shared_ptr<RegistryClient> client, oci::Reference where) {
  return std::make_unique<RegistryImage>(std::move(client), std::move(where));
}

std::unique_ptr<ImageSource> copy_from_registry(std::shared_ptr<RegistryClient> client, oci::Reference where) {
  return std::make_unique<RegistryImage>(std::move(client), std::move(where));
}

}  // namespace mlbuild
