#include "mlbuild/publish/sink.hpp"

#include <fmt/format.h>

#include "mlbuild/base/error.hpp"

namespace mlbuild {

std::unique_ptr<ImageSink> make_sink(const std::string& destination) {
  const std::size_t colon = destination.find(':');
  const std::string kind = destination.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : destination.substr(colon + 1);
  if (kind == "oci" && !rest.empty()) return make_oci_layout_sink(rest);
  if (kind == "docker" && !rest.empty()) return make_docker_archive_sink(rest);
  Error error(ErrorKind::Usage, fmt::format("`{}` is no place for an image", destination));
  if (kind == "daemon") error = Error(ErrorKind::Usage, "writing to a docker daemon is not yet supported by this version");
  throw error.hint("write `oci:DIR` for an OCI layout or `docker:FILE.tar` for `docker load`");
}

}  // namespace mlbuild
