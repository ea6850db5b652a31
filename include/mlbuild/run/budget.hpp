#pragma once

#include "mlbuild/image/image.hpp"
#include "mlbuild/spec/spec.hpp"

#include <optional>
#include <string>

namespace mlbuild {

/// The image that a new one is compared with.
struct ImageBefore {
  std::string name;  ///< as messages call it
  Image image;
};

/// Throws Error{Gate} at the limit's line when the image is larger than the spec allows, with the packages (without
/// them: the layers) that are most of it, or of its growth. Returns how much of the budget is used, in one line: ""
/// when there is none. Without `before` growth is not looked at.
std::string check_budget(const Image& image, const SizeBudget& budget, const std::optional<ImageBefore>& before);

}  // namespace mlbuild
