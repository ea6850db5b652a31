#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
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

inline constexpr std::size_t kMaxLazyBytes = 255;  ///< of a value

}  // namespace mlbuild::oci::annotation

namespace mlbuild::oci {

/// Those of a layer's annotations that tell where it has its table of contents. They are true of the layer's bytes,
/// wherever these go; readers check them, nothing here looks at them.
std::map<std::string, std::string> lazy_annotations(const std::map<std::string, std::string>& annotations);

}  // namespace mlbuild::oci
