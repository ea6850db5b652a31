#pragma once

namespace mlbuild {

/// Of zstd layers, chunked or not: docs/formats/layer.md, "zstd".
inline constexpr int kZstdLevel = 6;

}  // namespace mlbuild
