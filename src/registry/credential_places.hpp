#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlbuild {

using EnvironmentMap = std::map<std::string, std::string>;

/// Empty counts as unset.
std::optional<std::string> variable(const EnvironmentMap& environment, const std::string& name);
/// $HOME/.config/NAME, with XDG_CONFIG_HOME; nothing without either.
std::optional<std::filesystem::path> config_file(const EnvironmentMap& environment, const std::string& name);

/// A file that may hold credentials.
struct CredentialFile {
  std::filesystem::path path;
  std::string kind;         ///< for messages: "containers auth.json"
  bool required = false;    ///< somebody named this very file, so it must be there
  bool is_dockers = false;  ///< read by us, written by docker alone
};

/// In the order of look-up: containers-auth.json(5), then docker.
std::vector<CredentialFile> credential_files(const EnvironmentMap& environment);

/// The one that a login is written to, which is the first that is looked at. Error{Usage} when there is no place.
CredentialFile login_file(const EnvironmentMap& environment);

}  // namespace mlbuild
