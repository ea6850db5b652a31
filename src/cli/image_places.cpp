#include "image_places.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/publish/daemon_export.hpp"
#include "mlbuild/spec/spec.hpp"
#include "mlbuild/sys/atomic_file.hpp"
#include "mlbuild/sys/temp_dir.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <string_view>

namespace mlbuild::cli {
namespace {

constexpr const char* kPossible =
    "write `HOST/NAME:TAG` for an image in a registry, `oci:DIR` for an OCI layout, `docker:FILE.tar` for what "
    "`docker save` wrote, or `daemon:NAME:TAG` for what docker or podman has here";

std::optional<std::string> after(const std::string& text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

ImagePlace layout_place(const std::string& text) {
  const LayoutReference layout = split_layout_reference(text);
  ImagePlace place;
  place.kind = ImagePlace::Kind::Layout;
  place.path = layout.directory;
  place.tag = layout.tag;
  return place;
}

ImagePlace archive_place(const std::string& file) {
  ImagePlace place;
  place.kind = ImagePlace::Kind::Archive;
  place.path = file;
  return place;
}

ImagePlace registry_place(const std::string& name) {
  std::error_code ignored;
  if (std::filesystem::exists(name, ignored)) {
    const bool is_layout = std::filesystem::is_directory(name, ignored);
    throw Error(ErrorKind::Usage, fmt::format("`{}` is a {} here", printable(name), is_layout ? "directory" : "file"))
        .hint(fmt::format("write `{}:{}`", is_layout ? "oci" : "docker", printable(name)));
  }
  ImagePlace place;
  place.reference = oci::Reference::parse(name);
  if (place.reference.host.empty()) {
    throw Error(ErrorKind::Usage, fmt::format("`{}` names no registry", printable(name))).hint(kPossible);
  }
  if (place.reference.tag.empty() && !place.reference.digest) place.reference.tag = "latest";
  return place;
}

ImagePlace daemon_place(const std::string& name) {
  ImagePlace place;
  place.kind = ImagePlace::Kind::Daemon;
  place.reference = oci::Reference::parse(name);
  return place;
}

/// What the daemon gave, in a file that goes with it: an archive's list of layers may come last.
class ExportedImage final : public ImageSource {
 public:
  ExportedImage(const std::string& name, World& world) {
    const std::filesystem::path file = directory_.path() / "image.tar";
    AtomicFile out(file, 0600);
    export_from_daemon({world.http(), daemon_sockets(whole_environment())}, name, out);
    out.commit();
    archive_ = copy_from_archive(file);
  }
  RegistryManifest top() override { return archive_->top(); }
  RegistryManifest manifest(const oci::Descriptor& descriptor) override { return archive_->manifest(descriptor); }
  std::string config(const oci::Descriptor& descriptor) override { return archive_->config(descriptor); }
  std::unique_ptr<Source> open_blob(const oci::Descriptor& descriptor) override {
    return archive_->open_blob(descriptor);
  }

 private:
  TempDir directory_;
  std::unique_ptr<ImageSource> archive_;
};

}  // namespace

ImagePlace ImagePlace::parse(const std::string& text) {
  if (const auto layout = after(text, "oci:"); layout && !layout->empty()) return layout_place(*layout);
  for (const std::string_view prefix : {"docker://", "registry:"}) {
    if (const auto name = after(text, prefix)) return registry_place(*name);
  }
  for (const std::string_view prefix : {"docker:", "archive:"}) {
    if (const auto file = after(text, prefix); file && !file->empty()) return archive_place(*file);
  }
  if (const auto name = after(text, "daemon:"); name && !name->empty()) return daemon_place(*name);
  return registry_place(text);
}

std::optional<ImagePlace> ImagePlace::parse_unless_file(const std::string& text) {
  std::error_code ignored;
  const bool is_path = std::filesystem::exists(text, ignored) || text.ends_with(".yaml") || text.ends_with(".yml") ||
                       text.starts_with('/') || text.starts_with('.');
  if (is_path || text.find_first_of("/:@") == std::string::npos) return std::nullopt;
  return parse(text);
}

std::string ImagePlace::name() const {
  if (kind == Kind::Layout || kind == Kind::Archive) return tag;
  oci::Reference named = reference;
  named.digest.reset();
  return named.tag.empty() ? "" : named.to_string();
}

std::unique_ptr<ImageSource> open_place(const ImagePlace& place, World& world) {
  switch (place.kind) {
    case ImagePlace::Kind::Layout:
      return copy_from_layout(place.path, place.tag);
    case ImagePlace::Kind::Archive:
      return copy_from_archive(place.path);
    case ImagePlace::Kind::Daemon:
      return std::make_unique<ExportedImage>(place.reference.to_string(), world);
    case ImagePlace::Kind::Registry:
      break;
  }
  return copy_from_registry(world.registry(place.reference.host), place.reference);
}

}  // namespace mlbuild::cli
