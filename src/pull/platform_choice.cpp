#include "mlbuild/pull/platform_choice.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <string>

namespace mlbuild {

bool is_for(const oci::Platform& has, const oci::Platform& wanted) {
  return has.os == wanted.os && has.architecture == wanted.architecture &&
         (wanted.variant.empty() || has.variant.empty() || has.variant == wanted.variant);
}

const oci::Descriptor& child_for(const std::vector<oci::Descriptor>& children, const oci::Platform& platform) {
  std::vector<std::string> there;
  for (const oci::Descriptor& child : children) {
    if (!child.platform) continue;
    if (is_for(*child.platform, platform)) return child;
    if (child.platform->os != "unknown") there.push_back(printable(child.platform->to_string()));
  }
  throw Error(ErrorKind::Spec, fmt::format("it has no image for {}", platform.to_string()))
      .hint(there.empty() ? "name an image that has one"
                          : fmt::format("it has {}; name another image, or another platform", join(there, ", ")));
}

}  // namespace mlbuild
