#pragma once

#include "mlbuild/io/stream.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace mlbuild {

/// Release numbers that stand in a program as texts of their own ("3.11.9" up to its NUL), as a C compiler leaves
/// PY_VERSION, and glibc's greeting. Reads the content to its end in constant memory.
std::set<std::string> scan_python_versions(Source& program, std::string_view minor_version);
std::set<std::string> scan_glibc_versions(Source& library);

}  // namespace mlbuild
