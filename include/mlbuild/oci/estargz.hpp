#pragma once

#include <string_view>

namespace mlbuild::oci {

/// Files at the top of an eStargz layer that are the form's, not the image's (docs/formats/estargz.md).
inline constexpr std::string_view kEstargzToc = "stargz.index.json";
inline constexpr std::string_view kEstargzPrefetch = ".prefetch.landmark";
inline constexpr std::string_view kEstargzNoPrefetch = ".no.prefetch.landmark";

inline bool is_estargz_file(std::string_view path) {
  return path == kEstargzToc || path == kEstargzPrefetch || path == kEstargzNoPrefetch;
}

}  // namespace mlbuild::oci
