#include "blob_folder.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/sys/disk_file.hpp"

#include <fmt/format.h>

namespace mlbuild {
namespace {

class LayoutDirectory final : public BlobFolder {
 public:
  explicit LayoutDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::unique_ptr<RandomAccess> open_file(const std::string& path) override {
    std::error_code error;
    if (!std::filesystem::is_regular_file(directory_ / path, error)) return nullptr;
    return std::make_unique<DiskFile>(directory_ / path);
  }
  std::string name() const override { return fmt::format("`{}`", printable(directory_.string())); }

  /// Says what is wrong before a missing index.json does.
  void check() {
    if (open_file("oci-layout")) return;
    throw Error(ErrorKind::Spec, fmt::format("{} is no OCI layout: it has no file `oci-layout`", name()))
        .hint("write one with `mlbuild build -o oci:DIR` or `skopeo copy docker://IMAGE oci:DIR`");
  }

 private:
  const std::filesystem::path directory_;
};

class LayoutImage final : public BaseSource, public ImageSource {
 public:
  LayoutImage(std::filesystem::path directory, std::string tag) : layout_(std::move(directory)), tag_(std::move(tag)) {}

  BlobDigest read_digest(const oci::Platform& platform) override {
    layout_.check();
    return manifest_in(layout_, tag_, platform).digest;
  }
  PulledImage read_image(const oci::Platform& platform) override {
    layout_.check();
    return read_layout_image(layout_, manifest_in(layout_, tag_, platform), platform);
  }
  std::unique_ptr<Source> open_layer(std::size_t, const oci::Descriptor& layer) override {
    return layout_.open_blob(layer);
  }

  RegistryManifest top() override {
    layout_.check();
    return manifest_text(layout_, top_in(layout_, tag_));
  }
  RegistryManifest manifest(const oci::Descriptor& descriptor) override { return manifest_text(layout_, descriptor); }
  std::string config(const oci::Descriptor& descriptor) override {
    return layout_.blob_text(descriptor, kConfigLimitBytes);
  }
  std::unique_ptr<Source> open_blob(const oci::Descriptor& descriptor) override {
    return layout_.open_blob(descriptor);
  }

 private:
  LayoutDirectory layout_;
  const std::string tag_;
};

}  // namespace

std::unique_ptr<BaseSource> open_layout_image(std::filesystem::path directory, std::string tag) {
  return std::make_unique<LayoutImage>(std::move(directory), std::move(tag));
}

std::unique_ptr<ImageSource> copy_from_layout(std::filesystem::path directory, std::string tag) {
  return std::make_unique<LayoutImage>(std::move(directory), std::move(tag));
}

}  // namespace mlbuild
