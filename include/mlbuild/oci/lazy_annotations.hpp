#pragma once

#include <array>
#include <string_view>

/// What lazily pulled layers have on their descriptors, in the words of their own formats (docs/formats/estargz.md,
/// docs/formats/zstd-chunked.md).
namespace mlbuild::oci::annotation {

inline constexpr std::string_view kEstargzTocDigest = "containerd.io/snapshot/stargz/toc.digest";
inline constexpr std::string_view kEstargzPlainSize = "io.containers.estargz.uncompressed-size";
inline constexpr std::string_view kChunkedChecksum = "io.github.containers.zstd-chunked.manifest-checksum";
inline constexpr std::string_view kChunkedPosition = "io.github.containers.zstd-chunked.manifest-position";
inline constexpr std::string_view kChunkedTarSplit = "io.github.containers.zstd-chunked.tarsplit-position";

inline constexpr std::array kLazy = {kEstargzTocDigest, kEstargzPlainSize, kChunkedChecksum, kChunkedPosition,
                                     kChunkedTarSplit};

}  // namespace mlbuild::oci::annotation
