#include "mlbuild/publish/sink.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/publish/image_name.hpp"

#include <fmt/format.h>

#include <array>

namespace mlbuild {
namespace {

constexpr const char* kPossible =
    "write `oci:DIR` for an OCI layout, `docker:FILE.tar` for `docker load`, `registry:HOST/NAME:TAG` to push, or "
    "`daemon` for the docker or podman of this machine";

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::Usage, message).hint(kPossible); }

/// docker://..., host.example/name, localhost:5000/name: what other programs call a place in a registry.
bool looks_like_registry(std::string_view destination) {
  constexpr std::array<std::string_view, 3> kPrefixes{"docker://", "http://", "https://"};
  for (const std::string_view prefix : kPrefixes) {
    if (destination.starts_with(prefix)) return true;
  }
  if (destination.starts_with('.') || destination.starts_with("oci:") || destination.starts_with("docker:")) {
    return false;
  }
  const std::string_view host = destination.substr(0, destination.find('/'));
  return host.size() < destination.size() && host.find_first_of(".:") != std::string_view::npos;
}

std::unique_ptr<ImageSink> registry_sink(std::string_view name, const RegistryAccess* access) {
  oci::Reference where = oci::Reference::parse(name);
  if (where.digest) image_name(name);  // says why not
  if (where.host.empty()) refuse(fmt::format("`{}` names no registry", printable(name)));
  if (access == nullptr) throw Error(ErrorKind::Internal, "no access to registries here");
  return make_registry_sink(std::move(where), {}, *access);
}

std::unique_ptr<ImageSink> daemon_sink(const std::string& destination, const DaemonAccess* access) {
  if (destination != "daemon") {
    throw Error(ErrorKind::Usage, fmt::format("`{}` says more than which daemon to load into", printable(destination)))
        .hint("write `daemon` alone, name the image with `-t NAME:TAG`, and a socket with `DOCKER_HOST=unix:///PATH`");
  }
  if (access == nullptr) throw Error(ErrorKind::Internal, "no access to a daemon here");
  return make_daemon_sink(*access);
}

}  // namespace

std::unique_ptr<ImageSink> make_sink(const std::string& destination, const RegistryAccess* registry,
                                     const DaemonAccess* daemon) {
  constexpr std::string_view kRegistry = "registry:";
  const std::string shown = printable(destination);
  if (destination == "daemon" || destination.starts_with("daemon:")) {
    return daemon_sink(destination, daemon);
  }
  if (destination.starts_with(kRegistry)) return registry_sink(destination.substr(kRegistry.size()), registry);
  if (looks_like_registry(destination)) refuse(fmt::format("`{}` is written in another program's form", shown));
  const std::size_t colon = destination.find(':');
  if (colon == std::string::npos) refuse(fmt::format("`{}` does not say in which form to write the image", shown));
  const std::string form = destination.substr(0, colon);
  const std::string path = destination.substr(colon + 1);
  if (form != "oci" && form != "docker") refuse(fmt::format("`{}` is no form of an image that mlbuild writes", form));
  if (path.empty()) refuse(fmt::format("`{}` names no {}", shown, form == "oci" ? "directory" : "file"));
  if (form == "docker") return make_docker_archive_sink(path);
  // Readers split such names at the colon (`skopeo inspect oci:DIR:TAG`): they would look for another directory.
  if (path.find(':') != std::string::npos) {
    throw Error(ErrorKind::Usage,
                fmt::format("the directory of an OCI layout cannot have a colon: `{}`", printable(path)))
        .hint("write `-o oci:DIR`, and name the image with `-t NAME:TAG`");
  }
  return make_oci_layout_sink(path);
}

}  // namespace mlbuild
