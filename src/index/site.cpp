#include "mlbuild/index/site.hpp"

#include "site_sources.hpp"

#include "mlbuild/base/error.hpp"
#include "mlbuild/base/text.hpp"
#include "mlbuild/net/url.hpp"
#include "mlbuild/sys/file.hpp"

#include <fmt/format.h>

#include <initializer_list>

namespace mlbuild {
namespace {

namespace fs = std::filesystem;

/// A value and where it came from, for messages.
struct Answer {
  std::string text;
  std::string source;
  Location location;
  explicit operator bool() const { return !text.empty(); }
};

Answer ask_environment(const Environment& environment, std::initializer_list<const char*> names,
                       std::vector<std::string>& searched) {
  for (const char* name : names) {
    searched.push_back(fmt::format("environment variable `{}`", name));
    const std::string value(trim(environment(name).value_or("")));
    if (!value.empty()) return {value, searched.back(), {}};
  }
  return {};
}

/// uv takes `name=url` for an index, too.
Answer without_index_name(Answer answer) {
  const std::size_t equals = answer.text.find('=');
  const bool named = equals != std::string::npos && answer.text.find("://") > equals;
  if (named) answer.text.erase(0, equals + 1);
  return answer;
}

std::vector<fs::path> site_files(const Environment& environment, const fs::path& root) {
  std::vector<fs::path> files;
  const std::string config_home = environment("XDG_CONFIG_HOME").value_or("");
  const std::string home = environment("HOME").value_or("");
  if (!config_home.empty()) {
    files.push_back(below(root, config_home) / "mlbuild/config.yaml");
  } else if (!home.empty()) {
    files.push_back(below(root, home) / ".config/mlbuild/config.yaml");
  }
  files.push_back(below(root, "/etc/mlbuild/config.yaml"));
  return files;
}

std::vector<SiteFile> read_site_files(const std::vector<fs::path>& paths) {
  std::vector<SiteFile> files;
  for (const fs::path& path : paths) {
    if (fs::is_regular_file(path)) files.push_back(parse_site_file(read_text_file(path), path.string()));
  }
  return files;
}

Answer ask_site_files(const std::vector<SiteFile>& files, SiteFile::Value SiteFile::*member) {
  for (const SiteFile& file : files) {
    const SiteFile::Value& value = file.*member;
    if (!value.text.empty()) return {value.text, value.location.file, value.location};
  }
  return {};
}

Answer ask_pip(const Environment& environment, const fs::path& root, std::vector<std::string>& searched) {
  for (const fs::path& file : pip_configuration_files(environment, root)) {
    searched.push_back(fmt::format("`index-url` in `{}`", file.string()));
    if (!fs::is_regular_file(file)) continue;
    if (const auto url = index_url_of_pip_configuration(read_text_file(file))) return {*url, searched.back(), {}};
  }
  return {};
}

std::string checked_url(const Answer& answer) {
  try {
    std::string url = answer.text;
    static_cast<void>(Url::parse(url));
    while (url.ends_with('/')) url.pop_back();
    return url;
  } catch (const Error& problem) {
    throw Error(ErrorKind::Spec, fmt::format("{} is not usable: {}", answer.source, problem.message()))
        .at(answer.location)
        .hint("write an absolute URL such as `https://host/path`");
  }
}

template <class Ask>
void ask_next(Answer& answer, Ask&& ask) {
  if (!answer) answer = ask();
}

std::optional<PythonIndex> find_index(const Environment& environment, const fs::path& root,
                                      const std::vector<SiteFile>& files, std::vector<std::string>& searched) {
  Answer answer = without_index_name(
      ask_environment(environment, {"MLBUILD_PYTHON_INDEX", "UV_DEFAULT_INDEX", "PIP_INDEX_URL"}, searched));
  for (const fs::path& path : site_files(environment, root)) {
    searched.push_back(fmt::format("`python-index` in `{}`", path.string()));
  }
  ask_next(answer, [&] { return ask_site_files(files, &SiteFile::python_index); });
  ask_next(answer, [&] { return ask_pip(environment, root, searched); });
  ask_next(answer, [&]() -> Answer { return {MLBUILD_DEFAULT_PYTHON_INDEX, "the compiled-in default index", {}}; });
  if (!answer) return std::nullopt;
  return PythonIndex{"default", checked_url(answer)};
}

/// Most mirrors carry the security archive beside the main one, under the same name with "-security".
Answer beside_main(const Answer& main) {
  std::string_view url = main.text;
  while (url.ends_with('/')) url.remove_suffix(1);
  if (!url.ends_with("/debian")) return {};
  return {std::string(url) + "-security", main.source, main.location};
}

std::optional<DebianMirrors> find_mirrors(const Environment& environment, const fs::path& root,
                                          const std::vector<SiteFile>& files, std::vector<std::string>& searched) {
  Answer main = ask_environment(environment, {"MLBUILD_DEBIAN_MIRROR"}, searched);
  Answer security = ask_environment(environment, {"MLBUILD_DEBIAN_SECURITY_MIRROR"}, searched);
  for (const fs::path& path : site_files(environment, root)) {
    searched.push_back(fmt::format("`debian-mirror` and `debian-security-mirror` in `{}`", path.string()));
  }
  ask_next(main, [&] { return ask_site_files(files, &SiteFile::debian_mirror); });
  ask_next(security, [&] { return ask_site_files(files, &SiteFile::debian_security_mirror); });
  if (!main || !security) {
    searched.push_back(fmt::format("apt's sources in `{}`", below(root, "/etc/apt").string()));
    const AptMirrors apt = read_apt_mirrors(root);
    ask_next(main, [&]() -> Answer { return {apt.main, searched.back(), {}}; });
    ask_next(security, [&]() -> Answer { return {apt.security, searched.back(), {}}; });
  }
  // Beside a mirror that this site chose comes before a default that it did not choose.
  ask_next(security, [&] { return beside_main(main); });
  ask_next(main, [&]() -> Answer { return {MLBUILD_DEFAULT_DEBIAN_MIRROR, "the compiled-in default mirror", {}}; });
  ask_next(security, [&]() -> Answer {
    return {MLBUILD_DEFAULT_DEBIAN_SECURITY_MIRROR, "the compiled-in default security mirror", {}};
  });
  ask_next(security, [&] { return beside_main(main); });
  if (!main || !security) return std::nullopt;
  return DebianMirrors{checked_url(main), checked_url(security)};
}

fs::path find_keyring(const Environment& environment, const fs::path& root, const std::vector<SiteFile>& files) {
  std::vector<std::string> unused;
  Answer answer = ask_environment(environment, {"MLBUILD_DEBIAN_KEYRING"}, unused);
  ask_next(answer, [&] { return ask_site_files(files, &SiteFile::debian_keyring); });
  return below(root, answer ? answer.text : "/usr/share/keyrings/debian-archive-keyring.gpg");
}

}  // namespace

const PythonIndex& SiteConfig::require_index() const {
  if (default_index) return *default_index;
  throw Error(ErrorKind::Spec, "no Python package index is configured")
      .hint(fmt::format("set `MLBUILD_PYTHON_INDEX` to the URL of a simple index; looked at: {}",
                        fmt::join(searched, ", ")));
}

const DebianMirrors& SiteConfig::require_debian() const {
  if (debian) return *debian;
  throw Error(ErrorKind::Spec, "no Debian mirror is configured")
      .hint(fmt::format("set `MLBUILD_DEBIAN_MIRROR` and `MLBUILD_DEBIAN_SECURITY_MIRROR`; looked at: {}",
                        fmt::join(debian_searched, ", ")));
}

SiteConfig read_site_config(const Environment& environment, const fs::path& root) {
  const std::vector<SiteFile> files = read_site_files(site_files(environment, root));
  SiteConfig site;
  site.default_index = find_index(environment, root, files, site.searched);
  site.debian = find_mirrors(environment, root, files, site.debian_searched);
  site.debian_keyring = find_keyring(environment, root, files);
  return site;
}

}  // namespace mlbuild
