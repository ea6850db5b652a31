#include "mlbuild/publish/sink.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <array>

namespace mlbuild {
namespace {

constexpr const char* kPossible = "write `oci:DIR` for an OCI layout, or `docker:FILE.tar` for `docker load`";

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::Usage, message).hint(kPossible); }

/// docker://..., host.example/name, localhost:5000/name
bool names_a_registry(std::string_view destination) {
  constexpr std::array<std::string_view, 4> kPrefixes{"docker://", "registry:", "http://", "https://"};
  for (const std::string_view prefix : kPrefixes) {
    if (destination.starts_with(prefix)) return true;
  }
  if (destination.starts_with("oci:") || destination.starts_with("docker:") || destination.starts_with('.'))
    return false;
  const std::string_view host = destination.substr(0, destination.find('/'));
  return host.size() < destination.size() && host.find_first_of(".:") != std::string_view::npos;
}

}  // namespace

std::unique_ptr<ImageSink> make_sink(const std::string& destination) {
  const std::string shown = printable(destination);
  if (destination == "daemon" || destination.starts_with("daemon:")) {
    refuse("handing the image to a docker daemon is not yet supported");
  }
  if (names_a_registry(destination)) refuse(fmt::format("pushing to a registry (`{}`) is not yet supported", shown));
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
