#pragma once

#include "mlbuild/oci/layer_limit.hpp"
#include "mlbuild/pull/base_source.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

inline constexpr std::uint64_t kManifestLimitBytes = 16U << 20U;
inline constexpr std::uint64_t kConfigLimitBytes = 8U << 20U;

/// Puts manifest and config together and checks that they belong together: as many layers as diffIDs, layers that may
/// be passed on, the platform that was asked for.
PulledImage pulled_image(const BlobDigest& manifest_digest, const oci::Manifest& manifest, std::string_view config_json,
                         const oci::Platform& platform);

}  // namespace mlbuild
