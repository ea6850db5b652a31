#include "mlbuild/pull/platform_choice.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace mlbuild {

bool is_for(const oci::Platform& has, const oci::Platform& wanted) {
  return has.os == wanted.os && has.architecture == wanted.architecture &&
         (wanted.variant.empty() || has.variant.empty() || has.variant == wanted.variant);
}

const oci::Descriptor* find_child(const std::vector<oci::Descriptor>& children, const oci::Platform& platform) {
  const auto found = std::ranges::find_if(
      children, [&](const oci::Descriptor& child) { return child.platform && is_for(*child.platform, platform); });
  return found == children.end() ? nullptr : &*found;
}

const oci::Descriptor& child_for(const std::vector<oci::Descriptor>& children, const oci::Platform& platform) {
  if (const oci::Descriptor* child = find_child(children, platform)) return *child;
  std::vector<std::string> there;
  for (const oci::Descriptor& child : children) {
    if (child.platform && child.platform->os != "unknown") there.push_back(printable(child.platform->to_string()));
  }
  throw Error(ErrorKind::Spec, fmt::format("it has no image for {}", platform.to_string()))
      .hint(there.empty() ? "name an image that has one"
                          : fmt::format("it has {}; name another image, or another platform", join(there, ", ")));
}

}  // namespace mlbuild
