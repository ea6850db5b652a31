#include "mlbuild/publish/image_name.hpp"

#include "mlbuild/base/error.hpp"

#include <fmt/format.h>

namespace mlbuild {

oci::Reference image_name(std::string_view text) {
  oci::Reference name = oci::Reference::parse(text);
  if (name.digest) {
    throw Error(ErrorKind::Usage, fmt::format("`{}` has a digest, which only the finished image has", text))
        .hint("name the image by a tag, e.g. `name:1.4`");
  }
  if (name.tag.empty()) name.tag = "latest";
  return name;
}

}  // namespace mlbuild
