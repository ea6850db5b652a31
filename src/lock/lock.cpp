#include "mlbuild/lock/lock.hpp"

#include <algorithm>

namespace mlbuild {

const LockedImage* Lock::find(std::string_view variant, const oci::Platform& platform) const {
  const auto found = std::find_if(images.begin(), images.end(), [&](const LockedImage& image) {
    return image.variant == variant && image.platform == platform;
  });
  return found == images.end() ? nullptr : &*found;
}

}  // namespace mlbuild
