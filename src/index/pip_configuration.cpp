#include "site_sources.hpp"

#include "mlbuild/base/text.hpp"

#include <algorithm>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

std::string value_of(const Environment& environment, const std::string& name) { return environment(name).value_or(""); }

}  // namespace

fs::path below(const fs::path& root, const fs::path& path) { return root / path.relative_path(); }

// pip documentation, "Configuration", "Location" and "Precedence": later files win there, so the order here is the
// reverse.
std::vector<fs::path> pip_configuration_files(const Environment& environment, const fs::path& root) {
  std::vector<fs::path> files;
  const std::string named = value_of(environment, "PIP_CONFIG_FILE");
  if (named == "/dev/null") return {};  // pip: no configuration file at all
  if (!named.empty()) files.push_back(below(root, named));
  const std::string virtual_environment = value_of(environment, "VIRTUAL_ENV");
  if (!virtual_environment.empty()) files.push_back(below(root, virtual_environment) / "pip.conf");
  const std::string home = value_of(environment, "HOME");
  const std::string config_home = value_of(environment, "XDG_CONFIG_HOME");
  if (!config_home.empty()) {
    files.push_back(below(root, config_home) / "pip/pip.conf");
  } else if (!home.empty()) {
    files.push_back(below(root, home) / ".config/pip/pip.conf");
  }
  if (!home.empty()) files.push_back(below(root, home) / ".pip/pip.conf");
  files.push_back(below(root, "/etc/pip.conf"));
  files.push_back(below(root, "/etc/xdg/pip/pip.conf"));
  return files;
}

std::optional<std::string> index_url_of_pip_configuration(std::string_view text) {
  std::optional<std::string> global;
  std::optional<std::string> install;
  std::string section;
  for (std::string_view line : split_lines(text)) {
    if (line.starts_with(' ') || line.starts_with('\t'))
      continue;  // continuation of a list value; index-url is one word
    line = trim(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      section = to_lower(line.substr(1, line.find(']') - 1));
      continue;
    }
    const std::size_t equals = line.find_first_of("=:");
    if (equals == std::string_view::npos) continue;
    std::string key = to_lower(trim(line.substr(0, equals)));
    std::ranges::replace(key, '_', '-');
    const std::string value(trim(line.substr(equals + 1)));
    if (key != "index-url" || value.empty()) continue;
    if (section == "global") global = value;
    if (section == "install") install = value;
  }
  return install ? install : global;
}

}  // namespace mlbuild
