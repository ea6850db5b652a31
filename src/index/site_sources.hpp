#pragma once

#include "mlbuild/base/error.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlbuild {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// `path` (absolute) below `root`.
std::filesystem::path below(const std::filesystem::path& root, const std::filesystem::path& path);

/// pip's configuration files, the one that pip lets win first: PIP_CONFIG_FILE, the user's, the machine's.
std::vector<std::filesystem::path> pip_configuration_files(const Environment& environment,
                                                           const std::filesystem::path& root);

/// `index-url` of [install], else of [global] ("INI", as Python's configparser reads it).
std::optional<std::string> index_url_of_pip_configuration(std::string_view text);

/// One `deb` archive of the host's apt: sources.list(5).
struct AptSource {
  std::string uri;
  std::vector<std::string> suites;
  std::vector<std::string> components;
};
std::vector<AptSource> parse_one_line_sources(std::string_view text);  ///< "deb [options] uri suite component..."
std::vector<AptSource> parse_deb822_sources(std::string_view text);    ///< stanzas with Types, URIs, Suites, Components

/// Mirrors of Debian itself among `sources` (suite named like a Debian release, component main); empty where there is
/// none.
struct AptMirrors {
  std::string main;
  std::string security;
};
AptMirrors choose_debian_mirrors(const std::vector<AptSource>& sources);

/// Everything below /etc/apt of `root`. "mirror+file:" URIs are replaced by the first URL of the file they name.
AptMirrors read_apt_mirrors(const std::filesystem::path& root);

/// mlbuild's own config.yaml. Values as written; empty where absent.
struct SiteFile {
  struct Value {
    std::string text;
    Location location;
  };
  Value python_index, debian_mirror, debian_security_mirror, debian_keyring;
};
/// Throws Error{Spec} with the place: no YAML mapping, unknown key (with the nearest right one), value that is no text.
SiteFile parse_site_file(const std::string& text, const std::string& file_name);

}  // namespace mlbuild
