#pragma once

#include "mlbuild/debian/packages_index.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace mlbuild::debian {

/// One entry of a Packages file; `more` are further lines, e.g. "Depends: b\n".
inline std::string index_entry(std::string_view name, std::string_view version, std::string_view more = "") {
  return fmt::format(
      "Package: {0}\nVersion: {1}\nArchitecture: amd64\nPriority: optional\n{2}Filename: pool/{0}_{1}.deb\nSize: "
      "10\nSHA256: {3:0>64}\n\n",
      name, version, more, "1");
}

inline PackagesIndex index_of(std::string_view text) {
  PackagesIndex index;
  SpanSource source(as_bytes(text));
  index.add(source, "bookworm");
  return index;
}

}  // namespace mlbuild::debian
