#pragma once

#include <string_view>

/// Names of the annotations: docs/formats/image.md, docs/formats/cache.md.
namespace mlbuild::annotation {

// On a manifest.
inline constexpr std::string_view kBuild = "dev.mlbuild.build";  ///< what the image was built from

// On a layer's descriptor.
inline constexpr std::string_view kKey = "dev.mlbuild.key";
inline constexpr std::string_view kPlainSize = "dev.mlbuild.plain-size";
inline constexpr std::string_view kPackages = "dev.mlbuild.packages";
inline constexpr std::string_view kDiffId = "dev.mlbuild.diff-id";      ///< in a cache repository, which has no config
inline constexpr std::string_view kBuiltPrefix = "dev.mlbuild.built.";  ///< and the key's 64 digits

}  // namespace mlbuild::annotation
