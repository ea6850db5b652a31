#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild::python {

/// PEP 503: lower case, runs of [-_.] become "-".
std::string normalize_name(std::string_view name);
bool is_valid_name(std::string_view name);  ///< PEP 508 identifier

/// PEP 427 / "Binary distribution format", file name convention.
struct WheelFilename {
  std::string distribution;  ///< as written
  std::string version;
  std::string build_tag;
  std::vector<std::string> python_tags, abi_tags, platform_tags;  ///< compressed sets, split at '.'
  static WheelFilename parse(std::string_view filename);          ///< throws Error{Foreign}
};

/// "Source distribution format": name and version of `name-version.tar.gz`; nullopt when it is not an sdist name.
struct SdistFilename {
  std::string distribution;
  std::string version;
  static std::optional<SdistFilename> parse(std::string_view filename);
};

}  // namespace mlbuild::python
