#include "target.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mlbuild {
namespace {

unsigned number(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc()) throw Error(ErrorKind::Foreign, fmt::format("`{}` is no glibc version", printable(text)));
  return value;
}

}  // namespace

python::TargetPlatform target_of(const LockedImage& image) {
  python::TargetPlatform target;
  target.python_version = image.interpreter.version;
  if (image.platform.architecture == "amd64") {
    target.machine = "x86_64";
  } else if (image.platform.architecture == "arm64") {
    target.machine = "aarch64";
  } else {
    throw Error(ErrorKind::Spec, fmt::format("platform `{}` is not supported", image.platform.to_string()))
        .hint("use linux/amd64 or linux/arm64");
  }
  const std::vector<std::string_view> glibc = split(image.interpreter.glibc, '.');
  target.glibc_major = number(glibc[0]);
  target.glibc_minor = glibc.size() > 1 ? number(glibc[1]) : 0;
  return target;
}

std::string target_text(const LockedImage& image) {
  std::string tag = "cp" + image.interpreter.version;
  std::erase(tag, '.');
  return tag + " " + image.platform.to_string();
}

}  // namespace mlbuild
