#pragma once

#include <cstddef>

namespace mlbuild {

inline constexpr std::size_t kMaxLayers = 127;  ///< of an image; more than that no runtime takes

}  // namespace mlbuild
