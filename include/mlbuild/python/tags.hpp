#pragma once

#include "mlbuild/python/names.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// What the image's interpreter accepts: CPython `version` on a glibc Linux.
struct TargetPlatform {
  std::string python_version = "3.11";
  std::string machine = "x86_64";  ///< uname -m form: x86_64, aarch64
  unsigned glibc_major = 2;
  unsigned glibc_minor = 36;
};

/// The PEP 425 tags that the target accepts, best first, in packaging.tags.sys_tags() order (PEP 600 manylinux, legacy
/// aliases).
std::vector<std::string> compatible_tags(const TargetPlatform& target);

/// Position of the file's best tag in compatible_tags (lower is better); nullopt when it does not fit.
std::optional<std::size_t> rank_wheel(const WheelFilename& wheel, const TargetPlatform& target);
/// The same with the list made before, for many wheels.
std::optional<std::size_t> rank_wheel(const WheelFilename& wheel, const std::vector<std::string>& compatible);

/// "manylinux_2_36_x86_64" form for uv's --python-platform: "x86_64-manylinux_2_36".
std::string uv_platform(const TargetPlatform& target);

}  // namespace mlbuild::python
