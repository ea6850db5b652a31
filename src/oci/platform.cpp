#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/oci/machine.hpp"
#include "mlbuild/oci/oci.hpp"

#include <fmt/format.h>

namespace mlbuild::oci {

Platform Platform::parse(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '/');
  const auto word = [](std::string_view part) {
    return !part.empty() && part.front() != '.' &&
           part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") == std::string_view::npos;
  };
  const bool good = (parts.size() == 2 || parts.size() == 3) && word(parts[0]) && word(parts[1]) && word(parts.back());
  if (!good) {
    throw Error(ErrorKind::Spec, fmt::format("`{}` is no platform", printable(text)))
        .hint("write e.g. `linux/amd64` or `linux/arm64`");
  }
  return {std::string(parts[0]), std::string(parts[1]), parts.size() == 3 ? std::string(parts[2]) : std::string()};
}

std::string Platform::to_string() const {
  return variant.empty() ? fmt::format("{}/{}", os, architecture) : fmt::format("{}/{}/{}", os, architecture, variant);
}

std::string machine_of(const Platform& platform) { return platform.architecture == "arm64" ? "aarch64" : "x86_64"; }

}  // namespace mlbuild::oci
