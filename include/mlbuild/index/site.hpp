#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mlbuild/index/debian_repository.hpp"
#include "mlbuild/index/python_index.hpp"

namespace mlbuild {

/// Where packages come from on this machine: docs/configuration.md. Asked in this order, the first that answers wins:
/// environment (MLBUILD_PYTHON_INDEX, UV_DEFAULT_INDEX, PIP_INDEX_URL; MLBUILD_DEBIAN_MIRROR, MLBUILD_DEBIAN_SECURITY_MIRROR),
/// ~/.config/mlbuild/config.yaml, /etc/mlbuild/config.yaml, the host's pip configuration files and apt sources, the compiled-in default.
struct SiteConfig {
  std::optional<PythonIndex> default_index;
  std::optional<DebianMirrors> debian;
  std::filesystem::path debian_keyring;
  std::vector<std::string> searched;  ///< what was looked at, for the error when nothing answered
  const PythonIndex& require_index() const;      ///< throws Error{Spec} with a hint listing `searched`
  const DebianMirrors& require_debian() const;
};

/// `environment` looks up a variable; `root` is "/" (tests give another).
SiteConfig read_site_config(const std::function<std::optional<std::string>(const std::string&)>& environment,
                            const std::filesystem::path& root = "/");

}  // namespace mlbuild
