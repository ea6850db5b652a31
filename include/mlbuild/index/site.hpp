#pragma once

#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/index/python_index.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

/// Where packages come from on this machine: docs/configuration.md. Asked in this order, the first that answers wins,
/// each value on its own: environment (MLBUILD_PYTHON_INDEX, UV_DEFAULT_INDEX, PIP_INDEX_URL; MLBUILD_DEBIAN_MIRROR,
/// MLBUILD_DEBIAN_SECURITY_MIRROR; MLBUILD_DEBIAN_KEYRING), ~/.config/mlbuild/config.yaml, /etc/mlbuild/config.yaml,
/// the host's pip configuration files and apt sources, the compiled-in default.
struct SiteConfig {
  std::optional<PythonIndex> default_index;
  std::optional<DebianMirrors> debian;  ///< both mirrors are known, or it is absent
  std::filesystem::path debian_keyring;
  std::vector<std::string> searched;         ///< what was looked at for the index, for the error when nothing answered
  std::vector<std::string> debian_searched;  ///< ... and for the mirrors
  const PythonIndex& require_index() const;  ///< throws Error{Spec} with a hint listing `searched`
  const DebianMirrors& require_debian() const;
};

/// `environment` looks up a variable; `root` is "/" (tests give another). Throws Error{Spec} for a value that is no URL
/// and for a config.yaml that cannot be read (with its place).
SiteConfig read_site_config(const std::function<std::optional<std::string>(const std::string&)>& environment,
                            const std::filesystem::path& root = "/");

}  // namespace mlbuild
