#pragma once

#include <string_view>

/// Names of the annotations on layer descriptors: docs/formats/image.md.
namespace mlbuild::annotation {

inline constexpr std::string_view kKey = "dev.mlbuild.key";
inline constexpr std::string_view kPlainSize = "dev.mlbuild.plain-size";
inline constexpr std::string_view kBuiltPrefix = "dev.mlbuild.built.";  ///< and the key's 64 digits

}  // namespace mlbuild::annotation
